import { DomainError } from '@supergraph/platform/errors';
import { errors } from 'oidc-provider';
import { countForNetwork, uncountForNetwork } from '../service/sign-in/attempts.ts';
import { surroundings } from './around.ts';

/**
 * Looks for the device that shows a code. Such codes are short: whoever tries many from one network is stopped, so that
 * nobody answers in the name of a device that they cannot see (RFC 8628, 5.1).
 */
export async function guessed<Found>(look: () => Promise<Found | undefined>): Promise<Found | undefined> {
  const { ctx, db } = surroundings();
  await countForNetwork(ctx, 'device-code').catch(stop);
  const found = await look();
  if (found) await uncountForNetwork(ctx, db, 'device-code');
  return found;
}

/** In the words of the library, which shows its page for codes again. */
function stop(error: unknown): never {
  if (!(error instanceof DomainError) || error.code !== 'RATE_LIMITED') throw error;
  const words = `Too many tries. Wait ${Number(error.extensions['retryAfterSeconds'])} seconds.`;
  throw Object.assign(new errors.CustomOIDCProviderError('slow_down', words), { status: 429, statusCode: 429 });
}
