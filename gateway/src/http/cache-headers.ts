import type { Answer } from '../answer.ts';
import type { Headers } from './reply.ts';

/** What caches on the way may do with an answer, in place of `no-store`; they must tell apart for whom and as what they keep it. */
export const cacheHeaders = ({ cache }: Pick<Answer, 'cache'>): Headers =>
  cache && cache.maxAge > 0
    ? {
        'cache-control': `${cache.scope === 'PUBLIC' ? 'public' : 'private'}, max-age=${cache.maxAge}`,
        vary: 'Origin, Accept, Authorization, X-Organization-Id',
      }
    : {};
