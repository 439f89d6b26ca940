import Bowser from 'bowser';

interface ReadDevice {
  readonly name: string;
  readonly os: string | null;
  readonly browser: string | null;
}

/** What a client's own words say of its device. */
export function readDevice(userAgent: string | null): ReadDevice {
  if (!userAgent) return { name: 'Unknown device', os: null, browser: null };
  const { os, browser } = Bowser.parse(userAgent.slice(0, 500));
  const known = { os: os.name?.slice(0, 100) || null, browser: browser.name?.slice(0, 100) || null };
  return { ...known, name: [known.browser ?? 'Unknown browser', ...(known.os ? ['on', known.os] : [])].join(' ') };
}
