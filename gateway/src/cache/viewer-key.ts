import type { Identity } from '@supergraph/platform/context';
import type { CacheScope } from '../supergraph-facts.ts';

type Asker = Pick<Identity, 'viewer' | 'organization' | 'service'>;

/**
 * Whom an answer may be shared with: askers of one key. A PRIVATE answer is its viewer's, in all that is known of them.
 * A PUBLIC one is everybody's who asks for themselves: staff sees drafts where shoppers see nothing, and sees them
 * change without an event, so who acts for an organization or the platform neither gets nor gives any. Undefined where
 * nothing may be kept.
 */
export function viewerKey({ viewer, organization, service }: Asker, scope: CacheScope): string | undefined {
  if (service) return undefined;
  if (scope === 'PRIVATE') return viewer ? JSON.stringify([viewer, organization]) : undefined;
  const isPerson = !viewer || (viewer.kind === 'PERSON' && viewer.roles.every((role) => role === 'USER'));
  return isPerson && !organization ? 'everybody' : undefined;
}
