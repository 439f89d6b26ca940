import type { RequestContext } from '@supergraph/platform/context';
import { findSubjects, saveSubject } from './store/register.ts';
import type { Subject } from './store/rows.ts';

/** Asks catalog for products of which no event has come yet; unknown ones are left out of the answer. */
const productFacts = `query ($ids: [ID!]!) { productFacts(ids: $ids) { productId sellerId status title version } }`;

interface ProductFacts {
  readonly productId: string;
  readonly sellerId: string;
  readonly status: string;
  readonly title: string | null;
  readonly version: number;
}

const mostAsked = 100;

/** Products by id, from the register and, for those that are not in it, from catalog at once; drafts are unknown. */
export async function findProducts(ctx: Pick<RequestContext, 'db' | 'call' | 'log'>, ids: readonly string[]): Promise<Subject[]> {
  const known = await findSubjects(ctx.db, 'PRODUCT', ids);
  const missing = ids.filter((id) => !known.some((subject) => subject.id === id)).slice(0, mostAsked);
  if (missing.length === 0) return known;
  const learned = await askCatalog(ctx, missing);
  for (const subject of learned) await saveSubject(ctx.db, subject);
  return [...known, ...learned];
}

async function askCatalog({ call, log }: Pick<RequestContext, 'call' | 'log'>, ids: readonly string[]): Promise<Subject[]> {
  try {
    const answer = await call<{ productFacts: readonly ProductFacts[] }>('catalog', productFacts, { ids });
    return answer.productFacts
      .filter(({ status }) => status === 'ACTIVE')
      .map(({ productId, sellerId, title, version }) => ({
        kind: 'PRODUCT',
        id: productId,
        ownerId: sellerId,
        status: 'OPEN',
        title,
        version,
      }));
  } catch (error) {
    // Their events will come; until then these products are unknown here.
    log.warn({ error }, 'catalog could not be asked about products');
    return [];
  }
}
