/** What `extensions` tell of an operation for whoever asks how it was done. */
export interface Explained {
  readonly plan: ToldPlan;
  readonly timings: ToldTimings;
}

/** A query plan in the client's names. */
export interface ToldPlan {
  /** Absent where nothing has to be fetched, as for introspection. */
  readonly root?: ToldNode;
  /** The same as Apollo's tools print it. */
  readonly text: string;
}

/** What variables skip is not in it: each combination of them has a plan of its own. */
export type ToldNode = ToldGroup | ToldFetch | ToldDefer | ToldSubscription;

export interface ToldGroup {
  readonly kind: 'Sequence' | 'Parallel';
  readonly nodes: readonly ToldNode[];
}

export interface ToldFetch {
  readonly kind: 'Fetch';
  /** Its number in the plan, from 1; timings refer to it. */
  readonly fetch: number;
  readonly subgraph: string;
  /** Where in the answer it belongs, `@` standing for each item of a list; empty for the top. */
  readonly path: string;
  /** What each entity must have before it can be asked for. */
  readonly requires?: string;
  readonly asks: string;
  /** The names of the variables that go along. */
  readonly variables?: readonly string[];
}

export interface ToldDefer {
  readonly kind: 'Defer';
  readonly primary: { readonly asks?: string; readonly node?: ToldNode };
  readonly deferred: readonly ToldDeferred[];
}

export interface ToldDeferred {
  readonly label?: string;
  readonly path: string;
  /** The fetches that it builds on. */
  readonly after: readonly number[];
  readonly asks?: string;
  readonly node?: ToldNode;
}

export interface ToldSubscription {
  readonly kind: 'Subscription';
  readonly primary: ToldFetch;
  /** What completes each event. */
  readonly rest?: ToldNode;
}

/** Where the time went, in milliseconds to the hundredth. */
export interface ToldTimings {
  readonly totalMs: number;
  readonly planningMs: number;
  /** The plan was there already. */
  readonly planKnown: boolean;
  readonly fetches: readonly ToldFetchTiming[];
  readonly writingMs: number;
}

export interface ToldFetchTiming {
  /** Its number in the plan. */
  readonly fetch: number;
  readonly subgraph: string;
  readonly path: string;
  /** Since the operation began. */
  readonly startedAtMs: number;
  readonly tookMs: number;
  readonly outcome: FetchOutcome;
  /** For fetches of entities. */
  readonly entities?: ToldEntities;
  /** It waited for the answer to the same question of somebody else. */
  readonly shared?: true;
  /** How many errors the subgraph told. */
  readonly errors?: number;
}

/** How often the answer refers to an entity, and how many were asked for in the end, or remembered from earlier requests. */
export interface ToldEntities {
  readonly wanted: number;
  readonly asked: number;
  readonly remembered: number;
}

/**
 * How a fetch ended: `abandoned` when the client left, `known` when other fetches had brought all that it wants,
 * `remembered` when earlier requests had.
 */
export type FetchOutcome = 'ok' | 'errors' | 'unavailable' | 'abandoned' | 'known' | 'remembered';
