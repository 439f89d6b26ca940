import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A real browser without a window; rejects, naming the mend, where none is installed. */
export function launchChromium(): Promise<Browser> {
  const executablePath = places.find((path) => existsSync(path));
  if (!executablePath) throw new Error('no Chromium is installed; mend: apt-get install chromium');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** How much the text of an element stands out from what is behind it (WCAG 2.2, 1.4.3); runs in the page. */
export function contrastOf(element: Element): number {
  const brush = document.createElement('canvas').getContext('2d') as CanvasRenderingContext2D;
  const luminance = (color: string): number => {
    brush.fillStyle = color;
    brush.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = [...brush.getImageData(0, 0, 1, 1).data].map((value) =>
      value <= 10 ? value / 3_294 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  let behind: Element | null = element;
  while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
  const back = luminance(behind ? getComputedStyle(behind).backgroundColor : 'white');
  const front = luminance(getComputedStyle(element).color);
  return (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
}
