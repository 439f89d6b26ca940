import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A mail as its reader sees it. */
export interface Mail {
  readonly subject: string;
  /** That of the link in it; undefined where it has none. */
  readonly secret: string | undefined;
  /** The address to which it leads. */
  readonly link: string | undefined;
}

/** The captured mails to an address, oldest first. */
export function readMails(dataDirectory: string, address: string): Mail[] {
  const folder = join(dataDirectory, 'mail');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.eml'))
    .toSorted()
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n').replaceAll('=\n', '').replaceAll('=3D', '=');
      if (/^To: (.+)$/m.exec(text)?.[1]?.toLowerCase() !== address.toLowerCase()) return [];
      return [
        {
          subject: /^Subject: (.+)$/m.exec(text)?.[1] ?? '',
          secret: /token=([\w-]{43})/.exec(text)?.[1],
          link: /https?:\S+token=[\w-]{43}/.exec(text)?.[0],
        },
      ];
    });
}
