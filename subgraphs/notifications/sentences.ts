/** A sentence with the values of one notice; null leaves it out. */
export type Sentence = (values: TemplateValues) => string | null;

/** The words of a kind of notice. */
export interface Template {
  readonly title: Sentence;
  readonly body?: Sentence;
  /** Stands by itself, for when a value is missing. */
  readonly plain: string;
}

/** What a template is filled with. */
export interface TemplateInput {
  readonly data: Readonly<Record<string, unknown>>;
  /** Names of those who did it, the latest first; null for somebody unknown. */
  readonly actors: readonly (string | null)[];
  readonly count: number;
}

export interface RenderedNotice {
  readonly title: string;
  readonly body: string | null;
}

/** A value that a template needs was not given. */
class MissingValue extends Error {
  override readonly name = 'MissingValue';
}

const longestValue = 200;

// Values come from people: they must neither break lines nor turn the reading direction.
const unwanted = /[\p{Cc}\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu;
const letters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A value as plain text on one line. */
export function plainText(value: string): string {
  const line = value.normalize('NFC').replace(unwanted, ' ').replace(/ {2,}/g, ' ').trim();
  if (line.length <= longestValue) return line;
  const shown = [];
  for (const { segment, index } of letters.segment(line)) {
    if (index + segment.length >= longestValue) break;
    shown.push(segment);
  }
  return `${shown.join('')}…`;
}

/** What templates see of a notice; every accessor throws when the value is missing or of another kind. */
export class TemplateValues {
  readonly #input: TemplateInput;

  constructor(input: TemplateInput) {
    this.#input = input;
  }

  get count(): number {
    return this.#input.count;
  }

  /** "Ada Berg", "Ada Berg and Bruno Costa" or "Ada Berg and 3 others". */
  get actors(): string {
    const [first, second, ...more] = this.#input.actors.map((name) => plainText(name ?? '') || 'Somebody');
    if (!first) return 'Somebody';
    if (!second) return first;
    return more.length === 0 ? `${first} and ${second}` : `${first} and ${more.length + 1} others`;
  }

  text(key: string): string {
    const value = Object.hasOwn(this.#input.data, key) ? this.#input.data[key] : undefined;
    const text = typeof value === 'string' ? plainText(value) : '';
    if (!text) throw new MissingValue(key);
    return text;
  }

  /** A key such as CHANGED as a word: changed. */
  word(key: string): string {
    return this.text(key).replaceAll('_', ' ').toLowerCase();
  }

  /** A key by the words that the catalogue has for it. */
  oneOf(key: string, words: Readonly<Record<string, string>>): string {
    const name = this.text(key);
    const word = Object.hasOwn(words, name) ? words[name] : undefined;
    if (!word) throw new MissingValue(key);
    return word;
  }

  number(key: string): number {
    const value = Object.hasOwn(this.#input.data, key) ? this.#input.data[key] : undefined;
    if (typeof value !== 'number') throw new MissingValue(key);
    return value;
  }

  /** The day of a moment, in UTC: 24 November 2026. */
  day(key: string): string {
    const at = new Date(this.text(key));
    if (Number.isNaN(at.getTime())) throw new MissingValue(key);
    return new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(at);
  }
}

/** Fills a template; where a value is missing, the title is the plain sentence and the body is left out. */
export function render({ title, body, plain }: Template, input: TemplateInput): RenderedNotice {
  const values = new TemplateValues(input);
  return { title: filled(title, values) ?? plain, body: body ? filled(body, values) : null };
}

function filled(sentence: Sentence, values: TemplateValues): string | null {
  try {
    return sentence(values);
  } catch (error) {
    if (error instanceof MissingValue) return null;
    throw error;
  }
}
