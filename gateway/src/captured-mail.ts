/** A captured mail as its reader sees it. */
export interface CapturedMail {
  readonly to: string;
  readonly subject: string;
  readonly date: string;
  /** The plain part. */
  readonly text: string;
}

interface Part {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Reads what our own composer wrote: plain text alone, or beside HTML. */
export function readCapturedMail(source: string): CapturedMail {
  const { headers, body } = split(source.replaceAll('\r\n', '\n'));
  const part = plainPart({ headers, body });
  const header = (name: string) => decodeWords(headers.get(name) ?? '');
  return { to: header('to'), subject: header('subject'), date: header('date'), text: part ? decodeBody(part) : '' };
}

function split(text: string): Part {
  const end = text.indexOf('\n\n');
  const lines = text
    .slice(0, end < 0 ? text.length : end)
    .replace(/\n[ \t]+/g, ' ')
    .split('\n');
  const headers = lines.flatMap((line): [string, string][] => {
    const at = line.indexOf(':');
    return at < 0 ? [] : [[line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()]];
  });
  return { headers: new Map(headers), body: end < 0 ? '' : text.slice(end + 2) };
}

function plainPart(part: Part): Part | undefined {
  const type = part.headers.get('content-type') ?? 'text/plain';
  if (/^text\/plain/i.test(type)) return part;
  const boundary = /^multipart\/.*boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (!boundary) return undefined;
  return part.body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((inner) => plainPart(split(inner.replace(/^\n/, ''))))
    .find((found) => found !== undefined);
}

function decodeBody({ headers, body }: Part): string {
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase();
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  return encoding === 'quoted-printable' ? decodeQuoted(body.replaceAll('=\n', '')) : body;
}

const decodeQuoted = (text: string): string =>
  Buffer.from(
    text.replace(/[^\x20-\x7E\n\t]/g, '?').replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');

const decodeWords = (text: string): string =>
  text.replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
    kind.toLowerCase() === 'b' ? Buffer.from(word, 'base64').toString('utf8') : decodeQuoted(word.replaceAll('_', ' ')),
  );
