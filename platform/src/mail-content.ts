import type { RuntimeSettings } from './config.ts';
import { escaped } from './html.ts';

/** What a mail says: paragraphs, and the one thing to do. */
export interface Content {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  readonly link?: { readonly url: string; readonly label: string };
}

/** Where links in mails lead, without a slash at the end: to the app that APP_URL names, or to pages of ours. */
export const linksAt = ({ appUrl, publicUrl }: Pick<RuntimeSettings, 'appUrl' | 'publicUrl'>): string => appUrl ?? publicUrl;

/** A mail in both forms. */
export function compose(content: Content): { subject: string; text: string; html: string } {
  const { subject, paragraphs, link } = content;
  return { subject, text: [...paragraphs, ...(link ? [link.url] : [])].join('\n\n'), html: layOut(content) };
}

const body = 'margin:0;padding:24px;background:#f4f4f5;color:#18181b;font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif';
const card = 'max-width:32rem;margin:0 auto;padding:32px;background:#fff;border-radius:12px';
const button =
  'display:inline-block;padding:12px 20px;background:#18181b;color:#fff;border-radius:8px;text-decoration:none;font-weight:600';
const small = 'color:#71717a;font-size:13px;word-break:break-all';

/** Styles stand on the elements, since mail programs read no others; no picture, so that nothing tells who reads. */
function layOut({ subject, paragraphs, link }: Content): string {
  const texts = paragraphs.map((paragraph) => `<p>${escaped(paragraph)}</p>`).join('\n');
  const action = link
    ? `<p style="margin:28px 0"><a href="${escaped(link.url)}" style="${escaped(button)}">${escaped(link.label)}</a></p>
<p style="${small}">${escaped(link.url)}</p>`
    : '';
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(subject)}</title></head>
<body style="${escaped(body)}">
<div style="${card}">
${texts}
${action}
</div>
</body>
</html>
`;
}
