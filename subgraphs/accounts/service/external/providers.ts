import type { ExternalProviderSettings } from '@supergraph/platform/config';
import { DomainError, notFound, upstreamUnavailable } from '@supergraph/platform/errors';
import type * as OpenId from 'openid-client';
import type { Context } from '../../context.ts';
import { externalPath } from '../../oauth/paths.ts';
import { limitedFetch } from './limited-fetch.ts';

/** A provider as people may choose it. */
export interface ShownProvider {
  readonly key: string;
  readonly name: string;
  readonly startUrl: string;
}

const secondsAtMost = 5;
/** What a provider says of itself is asked anew this often. */
const knownForMs = 60 * 60_000;

/** The providers that people may sign in with. */
export const externalProviders = ({ settings }: Context): ShownProvider[] =>
  [...settings.externalProviders].map(([key, { name }]) => ({
    key,
    name,
    startUrl: `${settings.publicUrl}${externalPath}${key}/start`,
  }));

/** A provider by its key, or NOT_FOUND. */
export function requireProvider({ settings }: Context, key: string): ExternalProviderSettings {
  const provider = settings.externalProviders.get(key);
  if (!provider) throw notFound('ExternalProvider');
  return provider;
}

/** Where a provider sends people back to. */
export const callbackUrl = ({ settings }: Context, key: string): string => `${settings.publicUrl}${externalPath}${key}/callback`;

/** The library, which no start needs to wait for. */
export const openIdClient = (): Promise<typeof OpenId> => import('openid-client');

const known = new WeakMap<ExternalProviderSettings, { readonly until: number; readonly found: Promise<OpenId.Configuration> }>();

/** What a provider says of itself (OpenID Connect Discovery 1.0). */
export async function configurationOf(ctx: Context, provider: ExternalProviderSettings): Promise<OpenId.Configuration> {
  const remembered = known.get(provider);
  if (remembered && remembered.until > ctx.now().getTime()) return asked(ctx, provider, remembered.found);
  const found = discover(provider);
  known.set(provider, { until: ctx.now().getTime() + knownForMs, found });
  found.catch(() => known.delete(provider));
  return asked(ctx, provider, found);
}

async function discover({ issuer, clientId, clientSecret }: ExternalProviderSettings): Promise<OpenId.Configuration> {
  const { allowInsecureRequests, customFetch, discovery, enableNonRepudiationChecks, None } = await openIdClient();
  // The library would believe an ID token by the way it came alone. Settings allow http on loopback alone.
  const execute = [enableNonRepudiationChecks, ...(issuer.startsWith('http:') ? [allowInsecureRequests] : [])];
  return discovery(new URL(issuer), clientId, clientSecret, clientSecret ? undefined : None(), {
    execute,
    timeout: secondsAtMost,
    [customFetch]: limitedFetch,
  });
}

/** What a provider said of somebody does not hold. */
export const notSignedIn = (providerName: string) =>
  new DomainError('UNAUTHENTICATED', `${providerName} did not sign you in`, { reason: 'EXTERNAL_REFUSED' });

/** What a provider answers; one that is away or slow is UPSTREAM_UNAVAILABLE. */
export async function asked<Answer>(ctx: Context, { name }: ExternalProviderSettings, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof DomainError) throw error;
    ctx.log.warn({ error, provider: name }, 'an external provider did not answer as it should');
    if (isRefusal(error)) throw notSignedIn(name);
    throw upstreamUnavailable(`${name} does not answer right now; try again, or sign in in another way`);
  }
}

/** What the library throws when an answer came that does not hold: by its codes, or by its errors of the protocol. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error &&
  (['AuthorizationResponseError', 'ResponseBodyError', 'WWWAuthenticateChallengeError'].includes(error.name) ||
    /^OAUTH_(INVALID|JWT|JSON_ATTRIBUTE|PARSE|MISSING|UNSUPPORTED|KEY)/.test((error as { code?: string }).code ?? ''));
