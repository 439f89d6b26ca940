import { requireUnconfined, requireViewer } from '@supergraph/platform/context';
import { forbidden } from '@supergraph/platform/errors';
import type { Context } from '../context.ts';
import { ownsFeed } from '../policy.ts';

/** The viewer's id; FORBIDDEN for an administrator who acts as a person, and for a token that works in one organization alone. */
export function requireOwner(ctx: Context): string {
  const viewer = requireViewer(ctx);
  requireUnconfined(ctx);
  if (!ownsFeed(ctx, viewer.userId)) throw forbidden('notices are seen and changed by their owner alone');
  return viewer.userId;
}
