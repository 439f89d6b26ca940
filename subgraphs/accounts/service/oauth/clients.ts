import { randomUUID } from 'node:crypto';
import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { badInput, conflict, forbidden, type Issue, notFound, staleVersion } from '@supergraph/platform/errors';
import { idInput, nameText, optional, parseInput } from '@supergraph/platform/input';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import { scopes as graphScopes } from '@supergraph/schema/scopes';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { isAdmin } from '../../policy.ts';
import { hashSecret, makeSecret } from '../../secrets.ts';
import {
  countOAuthClients,
  findOAuthClients,
  insertOAuthClient,
  listOAuthClients,
  type OAuthClient,
  updateOAuthClient,
} from '../../store/oauth-clients.ts';
import { lockFor } from '../../store/records.ts';
import { findGrantSessions } from '../../store/sessions.ts';
import { managesService } from '../access-tokens/may.ts';
import { record } from '../audit.ts';
import { endAndTell } from '../sessions.ts';
import { platformName } from '../shared.ts';
import { requireStepUp } from '../step-up.ts';
import { firstPartyClient, firstPartyScope } from '../tokens.ts';
import { endServiceTokens } from './service-tokens.ts';
import { isRedirectUri } from './redirect-uris.ts';

const mostClients = 50;
const mostUris = 20;
const mostScopes = 100;

const uris = z
  .array(z.string().refine(isRedirectUri, 'must be https, http on loopback, or of a scheme with a dot; without fragment, user and *'))
  .max(mostUris, `must be at most ${mostUris}`)
  .transform((list) => [...new Set(list)]);
const scopeList = z
  .array(z.string())
  .max(mostScopes, `must be at most ${mostScopes}`)
  .transform((list) => [...new Set(list)]);
const logo = z.url({ protocol: /^https$/, error: 'must be an https address' }).max(2_000, 'must have at most 2000 characters');

const NewClient = z.strictObject({
  name: nameText({ min: 1, max: 100 }),
  type: z.enum(['PUBLIC', 'CONFIDENTIAL', 'SERVICE']),
  redirectUris: uris.nullish().transform((list) => list ?? []),
  postLogoutRedirectUris: uris.nullish().transform((list) => list ?? []),
  scopes: scopeList.nullish().transform((list) => list ?? []),
  logoUrl: optional(logo),
  serviceAccountId: optional(idInput),
  firstParty: z
    .boolean()
    .nullish()
    .transform((firstParty) => firstParty ?? false),
});
type NewClient = z.infer<typeof NewClient>;

const clientId = nameText({ max: 100 });
const ChangedClient = z.strictObject({
  clientId,
  version: z.int(),
  name: optional(nameText({ min: 1, max: 100 })),
  redirectUris: optional(uris),
  postLogoutRedirectUris: optional(uris),
  scopes: optional(scopeList),
  logoUrl: z.union([logo, z.null()]).optional(),
  enabled: optional(z.boolean()),
});
const OneClient = z.strictObject({ clientId });

/** A client with its secret, which is shown once. */
export interface MadeClient {
  readonly client: OAuthClient;
  readonly secret: string | null;
}

/** The client of people's own sign-in stands beside the others, so that it refreshes like them. */
export async function ensureFirstPartyClient(ctx: Pick<Context, 'db' | 'now'>): Promise<void> {
  await insertOAuthClient(ctx.db, {
    id: firstPartyClient,
    name: platformName,
    type: 'PUBLIC',
    redirectUris: [],
    postLogoutRedirectUris: [],
    scopes: [firstPartyScope],
    firstParty: true,
    createdAt: ctx.now(),
  });
}

/** A client that something points at. */
export async function requireClient(ctx: Context, id: string): Promise<OAuthClient> {
  const client = await ctx.loaders.oauthClientById.load(id);
  if (!client) throw new Error(`there is no client ${id}`);
  return client;
}

/** The viewer's clients; an administrator's view of all. */
export async function pageOfClients(ctx: Context, args: PageArguments): Promise<Connection<OAuthClient>> {
  const viewer = requireViewer(ctx);
  const ownerId = isAdmin(viewer) ? null : viewer.userId;
  const page = readPage(ctx, args, ['oauth-clients', ownerId]);
  return toConnection(
    ctx,
    page,
    await listOAuthClients(ctx.db, page, ownerId),
    ({ createdAt, id }) => [createdAt, id],
    () => countOAuthClients(ctx.db, ownerId),
  );
}

/** Registers a client of the viewer's. */
export async function createOAuthClient(ctx: Context, input: unknown): Promise<MadeClient> {
  const viewer = await requireStepUp(ctx);
  const wanted = parseInput(NewClient, input);
  if (wanted.firstParty && !isAdmin(viewer))
    throw forbidden('only administrators register first-party clients', { reason: 'PERMISSION_MISSING' });
  const issues = issuesOf(wanted);
  if (issues.length > 0) throw badInput(issues);
  if (wanted.serviceAccountId) await requireManaged(ctx, wanted.serviceAccountId);
  const secret = wanted.type === 'PUBLIC' ? null : makeSecret();
  const client = await ctx.db.transaction(async (tx) => {
    await lockFor(tx, `oauth-clients:${viewer.userId}`);
    if ((await countOAuthClients(tx, viewer.userId)) >= mostClients)
      throw conflict(`a person has at most ${mostClients} clients`, { reason: 'TOO_MANY_CLIENTS' });
    const made = await insertOAuthClient(tx, {
      ...wanted,
      id: randomUUID(),
      logoUrl: wanted.logoUrl ?? null,
      serviceAccountId: wanted.serviceAccountId ?? null,
      secretHash: secret && hashSecret(secret),
      ownerId: viewer.userId,
      createdAt: ctx.now(),
    });
    if (!made) throw new Error('two clients got the same id');
    await recordChange(ctx, tx, 'created', made);
    return made;
  });
  return { client, secret };
}

function issuesOf({ type, redirectUris, scopes, serviceAccountId, firstParty }: NewClient): Issue[] {
  const issues = scopeIssues(scopes, firstParty);
  if (type === 'SERVICE' && redirectUris.length > 0)
    issues.push({ path: 'redirectUris', message: 'must be empty: nobody signs in to a SERVICE client' });
  if (type === 'SERVICE' && !serviceAccountId)
    issues.push({ path: 'serviceAccountId', message: 'is missing; name the account that it acts for' });
  if (type !== 'SERVICE' && serviceAccountId) issues.push({ path: 'serviceAccountId', message: 'is for SERVICE clients alone' });
  if (type === 'SERVICE' && firstParty) issues.push({ path: 'firstParty', message: 'is for clients that people sign in to' });
  return issues;
}

const scopeIssues = (scopes: readonly string[], firstParty: boolean): Issue[] =>
  scopes.flatMap((scope, index) =>
    Object.hasOwn(graphScopes, scope) || (firstParty && scope === firstPartyScope)
      ? []
      : [{ path: `scopes.${index}`, message: 'is no scope; the query `scopes` lists them' }],
  );

async function requireManaged(ctx: Context, serviceAccountId: string): Promise<void> {
  const user = await ctx.loaders.userById.load(serviceAccountId);
  if (!user || user.status !== 'ACTIVE' || !(await managesService(ctx, user))) throw notFound('ServiceAccount');
}

/** Changes a client; a disabled one ends with all its sessions. */
export async function changeOAuthClient(ctx: Context, input: unknown): Promise<OAuthClient> {
  await requireStepUp(ctx);
  const { clientId: id, version, enabled, ...changes } = parseInput(ChangedClient, input);
  const before = await ownClient(ctx, id);
  const issues = changes.scopes ? scopeIssues(changes.scopes, before.firstParty) : [];
  if (before.type === 'SERVICE' && (changes.redirectUris?.length ?? 0) > 0)
    issues.push({ path: 'redirectUris', message: 'must be empty: nobody signs in to a SERVICE client' });
  if (issues.length > 0) throw badInput(issues);
  return ctx.db.transaction(async (tx) => {
    const disabledAt = enabled === undefined ? undefined : enabled ? null : (before.disabledAt ?? ctx.now());
    const client = await updateOAuthClient(tx, id, version, defined({ ...changes, disabledAt }));
    if (!client) throw staleVersion(before.version);
    if (client.disabledAt && !before.disabledAt) await endTokensOf(ctx, tx, client);
    await recordChange(ctx, tx, 'changed', client);
    return client;
  });
}

async function endTokensOf(ctx: Context, tx: Db, { id, serviceAccountId }: OAuthClient): Promise<void> {
  for (const session of await findGrantSessions(tx, { clientId: id }))
    await endAndTell(ctx, tx, session.userId, 'REVOKED', { only: session.id });
  if (serviceAccountId) await endServiceTokens(ctx, tx, serviceAccountId, id);
}

/** Gives a client a new secret; whoever has the old one is out at once, with what they got by it alone. */
export async function rotateClientSecret(ctx: Context, input: unknown): Promise<MadeClient & { secret: string }> {
  await requireStepUp(ctx);
  const { clientId: id } = parseInput(OneClient, input);
  const before = await ownClient(ctx, id);
  if (before.type === 'PUBLIC') throw conflict('a public client has no secret', { reason: 'NO_SECRET' });
  const secret = makeSecret();
  const client = await ctx.db.transaction(async (tx) => {
    const changed = await updateOAuthClient(tx, id, before.version, { secretHash: hashSecret(secret) });
    if (!changed) throw staleVersion(before.version);
    // Tokens of people stand on what the people allowed, and not on the secret.
    if (changed.serviceAccountId) await endServiceTokens(ctx, tx, changed.serviceAccountId, id);
    await recordChange(ctx, tx, 'secret_rotated', changed);
    return changed;
  });
  return { client, secret };
}

/** A client that the viewer may change. */
async function ownClient(ctx: Context, id: string): Promise<OAuthClient> {
  const viewer = requireViewer(ctx);
  const [client] = await findOAuthClients(ctx.db, [id]);
  if (!client || client.id === firstPartyClient || (client.ownerId !== viewer.userId && !isAdmin(viewer))) throw notFound('OAuthClient');
  return client;
}

const recordChange = (ctx: Context, tx: Db, what: string, { id, name, type, scopes, redirectUris, firstParty, disabledAt }: OAuthClient) =>
  record(ctx, tx, {
    name: `oauth_client.${what}`,
    target: id,
    details: { name, type, scopes, redirectUris, firstParty, enabled: disabledAt === null },
  });

const defined = <Values extends object>(values: Values) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Values]?: Exclude<Values[Key], undefined>;
  };
