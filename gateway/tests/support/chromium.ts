import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Opens the Chromium of this machine, without a window. */
export async function launchChromium(...more: readonly string[]): Promise<Browser> {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
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
      ...more,
    ],
  });
}

/** What is hard to read on a page, with how much it stands out from what is behind it; runs in the page. WCAG asks for 4.5. */
export function hardToRead(): string[] {
  const brush = document.createElement('canvas').getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
  const luminance = (color: string): number => {
    brush.fillStyle = color;
    brush.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = [...brush.getImageData(0, 0, 1, 1).data].map((value) =>
      value <= 10 ? value / 3_294 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element: Element): string => {
    let at: Element | null = element;
    while (at && getComputedStyle(at).backgroundColor === 'rgba(0, 0, 0, 0)') at = at.parentElement;
    return at ? getComputedStyle(at).backgroundColor : 'white';
  };
  const hasText = (element: Element): boolean =>
    element instanceof HTMLInputElement || [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
  return [...document.querySelectorAll('main, main *')]
    .filter((element) => element.checkVisibility() && hasText(element))
    .flatMap((element) => {
      const [front, back] = [luminance(getComputedStyle(element).color), luminance(behind(element))];
      const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
      return contrast < 4.5 ? [`${element.tagName} ${element.textContent} ${contrast.toFixed(2)}`] : [];
    });
}
