/** What a browser has loaded. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly html: string;
  readonly headers: Headers;
}

/** A browser as far as forms and cookies go: without scripts. */
export interface WebBrowser {
  /** Opens an address and follows where it leads, up to one that begins with `until`. */
  open(url: string | URL): Promise<Page>;
  /** Sends a form of a page; `step` picks the form by its hidden field, `fields` are typed in. */
  submit(page: Page, step: string, fields?: Readonly<Record<string, string>>): Promise<Page>;
  /** Sends a form of ours by its id. */
  submitById(page: Page, id: string, fields?: Readonly<Record<string, string>>): Promise<Page>;
  /** Sends the one form of a page. */
  submitOnly(page: Page, fields?: Readonly<Record<string, string>>): Promise<Page>;
  readonly cookies: Map<string, { value: string; path: string }>;
}

const decoded = (text: string): string =>
  text
    .replace(/&#(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code)))
    .replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"');

/** Opens a browser with a jar of its own; it does not load addresses that begin with one of `apps`, which are given back. */
export function openWebBrowser(apps: readonly string[]): WebBrowser {
  const cookies = new Map<string, { value: string; path: string }>();
  const load = async (address: URL, init: RequestInit = {}): Promise<Page> => {
    let url = address;
    let request = init;
    for (let steps = 0; steps < 12; steps += 1) {
      if (apps.some((app) => url.href.startsWith(app))) return { url, status: 0, html: '', headers: new Headers() };
      const cookie = [...cookies]
        .flatMap(([name, { value, path }]) => (isUnder(url.pathname, path) ? [`${name.split('@')[0]}=${value}`] : []))
        .join('; ');
      const response = await fetch(url, {
        ...request,
        redirect: 'manual',
        headers: {
          ...(request.headers as Record<string, string>),
          'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0',
          ...(cookie ? { cookie } : {}),
        },
      });
      keep(cookies, response.headers.getSetCookie(), url);
      const location = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || !location)
        return { url, status: response.status, html: await response.text(), headers: response.headers };
      url = new URL(location, url);
      request = {};
    }
    throw new Error(`${address.href} leads nowhere`);
  };
  const send = (page: Page, form: string, fields: Readonly<Record<string, string>>): Promise<Page> => {
    const action = /action="([^"]+)"/.exec(form)?.[1] ?? page.url.href;
    const hidden = [...form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      decoded(value),
    ]);
    return load(new URL(decoded(action), page.url), {
      method: 'POST',
      body: new URLSearchParams({ ...Object.fromEntries(hidden), ...fields }),
      headers: { origin: page.url.origin, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
    });
  };
  return {
    cookies,
    open: (url) => load(new URL(url)),
    submit: (page, step, fields = {}) => {
      const form = formsOf(page).find((each) => each.includes(`name="step" value="${step}"`));
      if (!form) throw new Error(`there is no form for ${step}:\n${page.html}`);
      return send(page, form, fields);
    },
    submitOnly: (page, fields = {}) => {
      const [form, ...others] = formsOf(page);
      if (!form || others.length > 0) throw new Error(`there is not one form:\n${page.html}`);
      return send(page, form, fields);
    },
    submitById: (page, id, fields = {}) => {
      const form = formsOf(page).find((each) => each.includes(`id="${id}"`));
      if (!form) throw new Error(`there is no form ${id}:\n${page.html}`);
      return send(page, form, fields);
    },
  };
}

const formsOf = ({ html }: Page): string[] => html.match(/<form[\s\S]*?<\/form>/g) ?? [];
const isUnder = (path: string, scope: string): boolean => scope === '/' || path === scope || path.startsWith(`${scope}/`);

function keep(jar: Map<string, { value: string; path: string }>, lines: readonly string[], url: URL): void {
  for (const line of lines) {
    const [pair = '', ...attributes] = line.split(/;\s*/);
    const at = pair.indexOf('=');
    const path = attributes.find((each) => /^path=/i.test(each))?.slice(5) ?? url.pathname;
    const name = pair.slice(0, at);
    const isGone = attributes.some((each) => /^max-age=0$/i.test(each) || /^expires=Thu, 01 Jan 1970/i.test(each));
    if (isGone) jar.delete(`${name}@${path}`);
    else jar.set(`${name}@${path}`, { value: pair.slice(at + 1), path });
  }
}
