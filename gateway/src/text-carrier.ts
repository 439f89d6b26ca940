import { randomUUID } from 'node:crypto';

/** Carries texts through a library that writes messages as JSON, so that they are neither parsed nor written anew. */
export interface TextCarrier {
  /** Keeps the JSON text of an object and gives back what stands for it as the payload of a message. */
  hold(text: string): Readonly<Record<string, number>>;
  /** Puts the text back into its message. */
  fill(message: string): string;
}

/** Nobody outside knows it, so no client can make the library write what would be taken for a held text. */
const secret = randomUUID();
const opening = `{"${secret}":`;
const ending = '}}';

/** Payloads must be the last member of their messages. */
export function createTextCarrier(): TextCarrier {
  const held = new Map<number, string>();
  let count = 0;
  return {
    hold: (text) => {
      count += 1;
      held.set(count, text);
      return { [secret]: count };
    },
    fill: (message) => {
      const at = held.size === 0 ? -1 : message.lastIndexOf(opening);
      if (at === -1) return message;
      const key = Number(message.slice(at + opening.length, -ending.length));
      const text = held.get(key);
      if (text === undefined) return message;
      held.delete(key);
      return `${message.slice(0, at)}${text}}`;
    },
  };
}
