import type * as Cedar from '@cedar-policy/cedar-wasm/nodejs';
import { eventTopic, type LiveTransport } from './bus.ts';
import type { CallDomain, Identity } from './context.ts';
import { forbidden, upstreamUnavailable } from './errors.ts';
import type { Log } from './log.ts';
import { entitiesOf, type Question, requestOf, resourcesOf, type Thing } from './policy-request.ts';

/** A policy that an administrator stored: it can forbid and nothing else. */
export interface StoredPolicy {
  readonly id: string;
  readonly name: string;
  /** One Cedar `forbid`. */
  readonly text: string;
}

/** The stored policies of this process, as accounts has them. */
export interface Policies {
  /** Whether any is in force; UNKNOWN until accounts has told. */
  readonly state: 'UNKNOWN' | 'NONE' | 'ACTIVE';
  /**
   * Throws FORBIDDEN where a policy forbids it, or where what is stored cannot be read; where it is not known yet which
   * there are, the result settles when it is, UPSTREAM_UNAVAILABLE if that takes too long.
   */
  require(identity: Identity, question: Question): void | Promise<void>;
  /** Calls back whenever other policies are in force; the result stops that. */
  onChange(listener: () => void): () => void;
  close(): void;
}

export interface PoliciesOptions {
  readonly call: CallDomain;
  readonly live: Pick<LiveTransport, 'listen'>;
  readonly log: Log;
}

const document = 'query { activePolicies { id name text } }';
/** Live events are hints: at the latest after this long a policy is in force everywhere, in milliseconds. */
const askEveryMs = 4_000;
const firstWithinMs = 2_000;

/** No policies at all: for programs without accounts. */
export const noPolicies: Policies = {
  state: 'NONE',
  require: () => undefined,
  onChange: () => () => undefined,
  close: () => undefined,
};

/** Keeps the policies in force; what was known holds on while accounts is away. */
export function createPolicies({ call, live, log }: PoliciesOptions): Policies {
  let known: Compiled | undefined;
  let asking: Promise<void> | undefined;
  const listeners = new Set<() => void>();
  const learn = async () => {
    const { activePolicies } = await call<{ activePolicies: StoredPolicy[] }>('accounts', document);
    const text = JSON.stringify(activePolicies);
    if (known?.text === text) return;
    known = await compile(activePolicies, text, log);
    for (const listener of listeners) listener();
  };
  const ask = (): Promise<void> =>
    (asking ??= learn()
      .catch((error: unknown) => log.warn({ error }, 'accounts did not tell which policies are in force; those that are known hold on'))
      .finally(() => {
        asking = undefined;
      }));
  // What is being asked may be from before the change, so one more question follows it.
  const askAnew = () => void (asking ?? Promise.resolve()).then(ask);
  const stopListening = live.listen(eventTopic('accounts.policy.published'), askAnew);
  const timer = setInterval(() => void ask(), askEveryMs);
  timer.unref();

  const firstKnown = async (): Promise<Compiled> => {
    const late = Promise.withResolvers<void>();
    const patience = setTimeout(late.resolve, firstWithinMs);
    await Promise.race([ask(), late.promise]).finally(() => clearTimeout(patience));
    if (!known) throw upstreamUnavailable('which policies are in force is not known yet; try again in a moment');
    return known;
  };
  return {
    get state() {
      if (!known) return 'UNKNOWN';
      return known.isActive ? 'ACTIVE' : 'NONE';
    },
    require: (identity, question) => {
      if (identity.service) return undefined;
      if (known) return known.require(identity, question);
      return firstKnown().then((first) => first.require(identity, question));
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => {
      clearInterval(timer);
      stopListening();
      listeners.clear();
    },
  };
}

interface Compiled {
  readonly text: string;
  readonly isActive: boolean;
  require(identity: Identity, question: Question): void;
}

const refused = () => forbidden('a policy of this platform forbids it', { reason: 'POLICY' });

/** Nobody pays for policies where there are none: the library is loaded with the first one. */
async function compile(policies: readonly StoredPolicy[], text: string, log: Log): Promise<Compiled> {
  if (policies.length === 0) return { text, isActive: false, require: () => undefined };
  const cedar = await import('@cedar-policy/cedar-wasm/nodejs');
  const decider = makeDecider(cedar, policies);
  if (typeof decider === 'string') {
    log.error({ problem: decider }, 'the stored policies cannot be read: everything is forbidden until they are mended');
    return {
      text,
      isActive: true,
      require: () => {
        throw forbidden('the policies of this platform cannot be read; tell its administrators', { reason: 'POLICY_UNREADABLE' });
      },
    };
  }
  return {
    text,
    isActive: true,
    require: (identity, question) => {
      if (decider.concerns(question) && decider.decide(identity, question).length > 0) throw refused();
    },
  };
}

/** Policies that can be asked. */
export interface Decider {
  /** Whether any of them is about an action; most are about few. */
  concerns(question: Pick<Question, 'action' | 'groups'>): boolean;
  /** Ids of those that forbid it. */
  decide(identity: Identity, question: Question): readonly string[];
}

const permitAll = 'permit(principal, action, resource);';
/** Not an id of a stored policy, which are UUIDs. */
const permitId = 'permit';
let compiledSets = 0;

/** Makes policies ready to be asked; says what is wrong with them where they cannot be read. */
export function makeDecider(cedar: typeof Cedar, policies: readonly StoredPolicy[]): Decider | string {
  compiledSets += 1;
  const name = `stored-${compiledSets}`;
  const staticPolicies = { [permitId]: permitAll, ...Object.fromEntries(policies.map(({ id, text }) => [id, text])) };
  const parsed = cedar.preparsePolicySet(name, { staticPolicies });
  if (parsed.type === 'failure') return parsed.errors.map(({ message }) => message).join('; ');
  const actions = policies.map(({ text }) => actionsOf(cedar, text));
  const named = new Set(actions.flatMap((list) => list ?? []));
  const isAboutAll = actions.includes(undefined);
  return {
    concerns: ({ action, groups }) => isAboutAll || named.has(action) || groups.some((group) => named.has(group)),
    decide: (identity, question) => [
      ...new Set(resourcesOf(identity, question).flatMap((thing) => decideAbout(cedar, name, identity, question, thing))),
    ],
  };
}

function decideAbout(cedar: typeof Cedar, policies: string, identity: Identity, question: Question, thing: Thing): string[] {
  const answer = cedar.statefulIsAuthorized({
    ...requestOf(identity, question, thing),
    entities: entitiesOf(identity, question, thing),
    preparsedPolicySetId: policies,
    validateRequest: false,
  });
  if (answer.type === 'failure') throw new Error(`a policy could not be asked: ${answer.errors.map(({ message }) => message).join('; ')}`);
  const { decision, diagnostics } = answer.response;
  // A policy that fails while it is asked would let through what it should forbid.
  const failed = diagnostics.errors.map(({ policyId }) => policyId);
  return decision === 'deny' ? [...diagnostics.reason, ...failed] : failed;
}

/** The actions that a policy names; undefined for one that is about all. */
function actionsOf(cedar: typeof Cedar, text: string): string[] | undefined {
  const answer = cedar.policyToJson(text);
  if (answer.type === 'failure') return undefined;
  const { action } = answer.json;
  if (action.op === 'All' || 'slot' in action) return undefined;
  const entities = 'entities' in action ? action.entities : [action.entity];
  return entities.map((entity) => ('__entity' in entity ? entity.__entity.id : entity.id));
}
