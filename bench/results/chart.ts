import { gateways } from '../peers/gateways.ts';
import type { Row } from '../peers/race.ts';
import { bestPeer, rowOf } from '../peers/report.ts';
import { type PeerScenario, peerScenarios } from '../peers/scenarios.ts';

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly ours: boolean;
}

const size = { width: 820, label: 260, value: 70, row: 22, bar: 14, head: 34, foot: 14 };
const room = size.width - size.label - size.value;

/** Colours and letters that are read on a white page and on a black one. */
const style = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 }
  .ours { font-weight: 600 }
  rect { fill: #8c959f }
  rect.ours { fill: #2f81f7 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } rect { fill: #6e7681 } rect.ours { fill: #58a6ff } }
`;

/** A bar for each gateway in each scenario, as an SVG that fits light and dark pages. */
export function drawChart(rows: readonly Row[]): string {
  let top = 4;
  const panels = peerScenarios.flatMap((scenario) => {
    const bars = barsOf(scenario, rows);
    if (bars.length === 0) return [];
    const panel = drawPanel(`${scenario.name}, requests/s`, bars, top);
    top += size.head + bars.length * size.row + size.foot;
    return [panel];
  });
  const opening = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${top}" role="img" aria-label="Requests per second of each gateway">`;
  return [opening, `<style>${style}</style>`, ...panels, '</svg>', ''].join('\n');
}

const titles = new Map(gateways.map(({ name, title }) => [name, title]));
const toBar = ({ gateway, requestsPerSecond: value }: Row, where = ''): Bar => ({
  label: `${titles.get(gateway) ?? gateway}${where}`,
  value,
  ours: gateway === 'ours',
});

/** Ours in process has nobody beside it, so those that ask over HTTP are its measure. */
function barsOf({ name, embedded }: PeerScenario, rows: readonly Row[]): Bar[] {
  const own = rows.filter(({ scenario }) => scenario === name);
  if (!embedded || own.length === 0) return own.map((row) => toBar(row));
  const [apollo, best] = [rowOf(rows, 'http', 'apollo'), bestPeer(rows, 'http')];
  const beside = best && best.gateway !== 'apollo' ? [apollo, best] : [apollo];
  return [...beside.flatMap((row) => (row ? [toBar(row, ', HTTP')] : [])), ...own.map((row) => toBar(row, ', in process'))];
}

function drawPanel(title: string, bars: readonly Bar[], top: number): string {
  const longest = Math.max(...bars.map(({ value }) => value));
  const lines = bars.map(({ label, value, ours }, index) => {
    const y = top + size.head + index * size.row;
    const width = Math.max(1, (value / longest) * room);
    const name = ours ? ' class="ours"' : '';
    return [
      `<text${name} x="${size.label - 8}" y="${y + 11}" text-anchor="end">${escapeText(label)}</text>`,
      `<rect${name} x="${size.label}" y="${y}" width="${width.toFixed(1)}" height="${size.bar}" rx="2"/>`,
      `<text${name} x="${(size.label + width + 6).toFixed(1)}" y="${y + 11}">${Math.round(value).toLocaleString('en')}</text>`,
    ].join('\n');
  });
  return [`<text class="title" x="4" y="${top + 18}">${escapeText(title)}</text>`, ...lines].join('\n');
}

const escapeText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
