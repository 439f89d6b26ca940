import { Resolver } from 'node:dns/promises';
import type { Context } from '../context.ts';

/** How long the domain name system may take. */
const answerMs = 5_000;

/** What was found of a record: it is there, it is not, or nobody knows right now. */
export type Finding = 'FOUND' | 'MISSING' | 'UNREACHABLE';

/** Where a domain publishes what proves it. */
export const recordNameOf = (domain: string): string => `_supergraph-verification.${domain}`;

/** The whole TXT record, as people enter it. */
export const recordOf = (domain: string, challenge: string): string => `${recordNameOf(domain)} TXT ${challenge}`;

const missing = new Set(['ENOTFOUND', 'ENODATA']);

/** Looks for a domain's TXT record, for 5 seconds at most. */
export async function lookUpProof({ settings }: Pick<Context, 'settings'>, domain: string, challenge: string): Promise<Finding> {
  const resolver = new Resolver({ timeout: answerMs, tries: 1 });
  if (settings.dnsServers.length > 0) resolver.setServers([...settings.dnsServers]);
  // With several servers the resolver asks one after the other; the promise to the caller holds for all of them.
  const deadline = setTimeout(() => resolver.cancel(), answerMs);
  try {
    const records = await resolver.resolveTxt(recordNameOf(domain));
    return records.some((chunks) => chunks.join('') === challenge) ? 'FOUND' : 'MISSING';
  } catch (error) {
    const { code } = error as { code?: string };
    return code !== undefined && missing.has(code) ? 'MISSING' : 'UNREACHABLE';
  } finally {
    clearTimeout(deadline);
  }
}
