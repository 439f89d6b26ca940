/** A place in the order of reads and changes. What was worked out from then on may be kept, unless it was touched since. */
export interface Moment {
  /** Everything from another epoch is outdated. */
  readonly epoch: string;
  /** How many touches there were. */
  readonly touches: number;
}

/** What is kept: a text, and what it tells of. */
export interface Entry {
  readonly key: string;
  readonly text: string;
  /** What outdates it when it is touched. */
  readonly tags: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** A name for a moment; the same for the same. */
export const momentName = ({ epoch, touches }: Moment): string => `${epoch}.${touches}`;

export type Kept = Pick<Entry, 'text' | 'expiresAt'>;

export interface Found {
  /** In the order of the keys; undefined for what is not there, too old or outdated. */
  readonly entries: readonly (Kept | undefined)[];
  /** Undefined while nothing can be kept. */
  readonly moment: Moment | undefined;
}

/** Keeps texts for a while, and forgets what is touched; never throws and never rejects. */
export interface CacheStore {
  find(keys: readonly string[]): Found | Promise<Found>;
  /** Keeps entries that were worked out after `moment`, but for those that were touched since. */
  keep(entries: readonly Entry[], moment: Moment): void;
  /** Outdates whatever carries one of the tags, also what is being worked out right now. */
  touch(tags: readonly string[]): void;
  /** Outdates everything. */
  clear(): void;
  close(): Promise<void>;
}

/** The answer of a store that has nothing and takes nothing. */
export const nothingFound = (keys: readonly string[]): Found => ({ entries: keys.map(() => undefined), moment: undefined });
