import type { GraphiQLProps } from 'graphiql';
import { parse, print } from 'graphql';
import { useSyncExternalStore } from 'react';
import './plan-panel.css';
import type { Explained, ToldFetch, ToldFetchTiming } from '../src/explained.ts';
import { explaining, type LastOperation } from './explain.ts';
import { type Bar, drawWaterfall, entitiesOf, isNobodyAsked, type Line, remarkOn, subgraphsOf } from './waterfall.ts';

const colors = 8;

const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

/** GraphiQL's panel with the plan and the timings of the last operation. */
export const planPlugin: NonNullable<GraphiQLProps['plugins']>[number] = { title: 'Query plan', icon: PlanIcon, content: PlanPanel };

function PlanIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" aria-hidden="true">
      <path d="M3 5h9M8 12h9M13 19h8" />
    </svg>
  );
}

function PlanPanel() {
  const { isOn, last } = useSyncExternalStore(explaining.subscribe, explaining.current);
  return (
    <section className="plan" aria-label="Plan of the last operation">
      <header>
        <h2>Query plan</h2>
        <label>
          <input type="checkbox" checked={isOn} onChange={({ target }) => explaining.turn(target.checked)} /> explain what I run
        </label>
      </header>
      <LastPlan last={last} isOn={isOn} />
    </section>
  );
}

function LastPlan({ last, isOn }: { readonly last: LastOperation | undefined; readonly isOn: boolean }) {
  if (last?.told) return <Waterfall name={last.name} explained={last.told} />;
  if (!isOn) return <p>Nothing is explained while this is off.</p>;
  if (!last) return <p>Run an operation, and see here which subgraphs were asked for what, in which order, and how long each took.</p>;
  return <p>{last.isRunning ? `${last.name} has not answered yet.` : `${last.name} was not planned; its answer says why.`}</p>;
}

function Waterfall({ name, explained }: { readonly name: string; readonly explained: Explained }) {
  const lines = drawWaterfall(explained);
  const subgraphs = subgraphsOf(lines);
  const { totalMs, fetches } = explained.timings;
  const asked = fetches.filter((one) => !isNobodyAsked([one])).length;
  return (
    <>
      <p className="summary">
        <strong>{name}</strong> took {milliseconds(totalMs)}: {asked === 1 ? '1 fetch' : `${asked} fetches`} from{' '}
        {subgraphs.length === 1 ? '1 subgraph' : `${subgraphs.length} subgraphs`}.
      </p>
      <ol className="waterfall">
        {lines.map((line, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- a line is its place
          <li key={index} style={{ paddingInlineStart: `calc(${line.depth} * var(--step))` }}>
            <PlanLine line={line} colorOf={(subgraph) => subgraphs.indexOf(subgraph) % colors} />
          </li>
        ))}
      </ol>
      <details className="text">
        <summary>As Apollo's tools print it</summary>
        <pre>{explained.plan.text}</pre>
      </details>
    </>
  );
}

function PlanLine({ line, colorOf }: { readonly line: Line; readonly colorOf: (subgraph: string) => number }) {
  if (line.kind === 'group') return <span className="group">{line.text}</span>;
  if (line.kind === 'own')
    return (
      <div className="row own">
        <span className="label">{line.text}</span>
        <Lane bars={line.bars} />
      </div>
    );
  const { fetch, timings, bars } = line;
  const remark = remarkOn(timings);
  const isFaulty = timings.some(({ outcome }) => outcome === 'errors' || outcome === 'unavailable');
  return (
    <details className={isFaulty ? 'fetch faulty' : 'fetch'} data-color={colorOf(fetch.subgraph)}>
      <summary className="row">
        <span className="label">
          <b>{fetch.subgraph}</b> <span className="path">{fetch.path}</span>
          {remark ? <em> {remark}</em> : null}
        </span>
        <Lane bars={bars} text={bars.length > 0 ? milliseconds(Math.max(...timings.map(({ tookMs }) => tookMs))) : undefined} />
      </summary>
      <FetchDetails fetch={fetch} timings={timings} />
    </details>
  );
}

function Lane({ bars, text }: { readonly bars: readonly Bar[]; readonly text?: string | undefined }) {
  return (
    <span className="lane">
      <span className="track" aria-hidden="true">
        {bars.map(({ left, width }) => (
          <span key={left} className="piece" style={{ insetInlineStart: `${left}%`, width: `${width}%` }} />
        ))}
      </span>
      <span className="took">{text}</span>
    </span>
  );
}

function FetchDetails({ fetch, timings }: { readonly fetch: ToldFetch; readonly timings: readonly ToldFetchTiming[] }) {
  const entities = entitiesOf(timings);
  const [first] = timings;
  return (
    <dl>
      {first && first.outcome !== 'known' ? (
        <>
          <dt>time</dt>
          <dd>
            {timings.map(({ startedAtMs, tookMs }) => `began after ${milliseconds(startedAtMs)}, took ${milliseconds(tookMs)}`).join('; ')}
          </dd>
        </>
      ) : null}
      {entities ? (
        <>
          <dt>entities</dt>
          <dd>
            wanted at {entities.wanted === 1 ? '1 place' : `${entities.wanted} places`}, {entities.asked} asked for
            {entities.remembered > 0 ? `, ${entities.remembered} remembered` : ''}
          </dd>
        </>
      ) : null}
      {fetch.requires ? (
        <>
          <dt>knows</dt>
          <dd>
            <pre>{pretty(fetch.requires)}</pre>
          </dd>
        </>
      ) : null}
      <dt>asks</dt>
      <dd>
        <pre>{pretty(fetch.asks)}</pre>
      </dd>
      {fetch.variables ? (
        <>
          <dt>variables</dt>
          <dd>{fetch.variables.map((variable) => `$${variable}`).join(', ')}</dd>
        </>
      ) : null}
    </dl>
  );
}

function pretty(text: string): string {
  try {
    return print(parse(text));
  } catch {
    return text;
  }
}
