import { outbox } from '@supergraph/db/accounts/tables';
import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { badInput, conflict, notFound, staleVersion } from '@supergraph/platform/errors';
import { idInput, nameText, optional, parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import { policyPublished } from '@supergraph/schema/events/accounts';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import {
  countPolicies,
  findPolicies,
  insertPolicy,
  listActivePolicies,
  listPolicies,
  type Policy,
  updatePolicy,
} from '../../store/policies.ts';
import { lockFor } from '../../store/records.ts';
import { record } from '../audit.ts';
import { issuesOfText } from './text.ts';

const mostActive = 200;
const longestText = 10_000;

const Save = z.strictObject({
  policyId: optional(idInput),
  version: optional(z.int()),
  name: nameText({ min: 1, max: 100 }),
  text: z
    .string()
    .min(1, 'must not be empty')
    .max(longestText, `must have at most ${longestText} characters`)
    .refine((value) => !value.includes('\u0000'), 'must not contain U+0000'),
});
const One = z.strictObject({ policyId: idInput, version: z.int() });
const Filter = z.strictObject({ state: optional(z.enum(['DRAFT', 'ACTIVE', 'RETIRED'])) });

/** The stored policies; for administrators. */
export async function pageOfPolicies(ctx: Context, { filter, ...args }: PageArguments & { filter?: unknown }): Promise<Connection<Policy>> {
  const wishes = parseInput(Filter, filter ?? {});
  const page = readPage(ctx, args, ['policies', wishes]);
  return toConnection(
    ctx,
    page,
    await listPolicies(ctx.db, page, wishes),
    ({ id }) => [id],
    () => countPolicies(ctx.db, wishes),
  );
}

/** The policies in force, as every service asks for them. */
export const activePolicies = (ctx: Context): Promise<Policy[]> => listActivePolicies(ctx.db);

/** Writes a draft, a new one or one that is there. */
export async function savePolicy(ctx: Context, input: unknown): Promise<Policy> {
  const { policyId, version, name, text } = parseInput(Save, input);
  if (policyId && version === undefined) throw badInput([{ path: 'version', message: 'is missing; name the one that you read' }]);
  const issues = await issuesOfText(text);
  if (issues.length > 0) throw badInput(issues);
  return ctx.db.transaction(async (tx) => {
    const policy = policyId
      ? await change(ctx, tx, { policyId, version: version ?? 0 }, 'DRAFT', { name, text })
      : await insertPolicy(tx, { name, text, createdById: requireViewer(ctx).userId, createdAt: ctx.now(), updatedAt: ctx.now() });
    await note(ctx, tx, 'saved', policy);
    return policy;
  });
}

/** Puts a draft in force, everywhere within 10 seconds. */
export async function activatePolicy(ctx: Context, input: unknown): Promise<Policy> {
  const wanted = parseInput(One, input);
  return ctx.db.transaction(async (tx) => {
    await lockFor(tx, 'policies');
    if ((await countPolicies(tx, { state: 'ACTIVE' })) >= mostActive)
      throw conflict(`at most ${mostActive} policies are in force at once; retire one first`, { reason: 'TOO_MANY_POLICIES' });
    const policy = await change(ctx, tx, wanted, 'DRAFT', { state: 'ACTIVE' });
    // The schema may have moved on since it was written.
    const issues = await issuesOfText(policy.text);
    if (issues.length > 0) throw badInput(issues);
    await publish(ctx, tx, policy, 'ACTIVE');
    await note(ctx, tx, 'activated', policy);
    return policy;
  });
}

/** Takes a policy out of force, for good. */
export async function retirePolicy(ctx: Context, input: unknown): Promise<Policy> {
  const wanted = parseInput(One, input);
  return ctx.db.transaction(async (tx) => {
    const [before] = await findPolicies(tx, [wanted.policyId]);
    const policy = await change(ctx, tx, wanted, before?.state === 'DRAFT' ? 'DRAFT' : 'ACTIVE', { state: 'RETIRED' });
    if (before?.state === 'ACTIVE') await publish(ctx, tx, policy, 'RETIRED');
    await note(ctx, tx, 'retired', policy);
    return policy;
  });
}

const mends: Readonly<Record<Policy['state'], string>> = {
  DRAFT: 'it is a draft; activate it first',
  ACTIVE: 'it is in force; retire it, and save a new one',
  RETIRED: 'it is retired; save a new one',
};

async function change(
  ctx: Context,
  tx: Db,
  { policyId, version }: z.infer<typeof One>,
  from: Policy['state'],
  changes: Partial<Pick<Policy, 'name' | 'text' | 'state'>>,
): Promise<Policy> {
  const policy = await updatePolicy(tx, { id: policyId, version, state: from }, { ...changes, updatedAt: ctx.now() });
  if (policy) return policy;
  const [now] = await findPolicies(tx, [policyId]);
  if (!now) throw notFound('Policy');
  if (now.state !== from) throw conflict(mends[now.state], { reason: `POLICY_${now.state}` });
  throw staleVersion(now.version);
}

const publish = (ctx: Context, tx: Db, { id, version, text }: Policy, state: 'ACTIVE' | 'RETIRED'): Promise<void> =>
  emit(ctx, tx, outbox, policyPublished, { policyId: id, version, text, state }, { organizationId: null });

const note = (ctx: Context, tx: Db, what: string, { id, name, text, version }: Policy): Promise<void> =>
  record(ctx, tx, { name: `policy.${what}`, subjectId: null, target: id, details: { name, text, version } });
