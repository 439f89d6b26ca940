import { idInput, parseInput } from '@supergraph/platform/input';
import { productChanged, productPublished, variantChanged } from '@supergraph/schema/events/catalog';
import { z } from 'zod';
import type { Context } from '../context.ts';
import type { Product } from '../store/products.ts';
import { findProduct } from './reads.ts';

const Ids = z.object({ ids: z.array(idInput).min(1, 'must not be empty').max(100, 'must be at most 100') });

type About = { readonly payload: { readonly productId: string } };

/** Products that change, with their prices, from now on; those that the viewer may not see are passed over. */
export function watchProducts(ctx: Context, args: { readonly ids: readonly string[] }): AsyncGenerator<Product> {
  const ids = new Set(parseInput(Ids, args).ids);
  const streams: AsyncGenerator<About, void>[] = [
    ctx.bus.subscribe(productPublished, ({ productId }) => ids.has(productId), ctx.signal),
    ctx.bus.subscribe(productChanged, ({ productId }) => ids.has(productId), ctx.signal),
    // Other changes of variants come with an event of their product.
    ctx.bus.subscribe(variantChanged, ({ productId, changed }) => ids.has(productId) && changed.includes('prices'), ctx.signal),
  ];
  return visible(ctx, merge(streams));
}

async function* visible(ctx: Context, changes: AsyncGenerator<About>): AsyncGenerator<Product> {
  for await (const { payload } of changes) {
    for (const loader of Object.values(ctx.loaders)) loader.clearAll();
    const product = await findProduct(ctx, payload.productId);
    if (product) yield product;
  }
}

type Turn<Item> = { readonly stream: AsyncGenerator<Item, void>; readonly result: IteratorResult<Item, void> };

/** The items of several streams as they come; ends them all when it ends. */
async function* merge<Item>(streams: readonly AsyncGenerator<Item, void>[]): AsyncGenerator<Item> {
  const next = async (stream: AsyncGenerator<Item, void>): Promise<Turn<Item>> => ({ stream, result: await stream.next() });
  const waiting = new Map(streams.map((stream) => [stream, next(stream)]));
  try {
    while (waiting.size > 0) {
      const { stream, result } = await Promise.race(waiting.values());
      if (result.done) waiting.delete(stream);
      else {
        waiting.set(stream, next(stream));
        yield result.value;
      }
    }
  } finally {
    // Not awaited: a stream that waits for its next item ends with the request's signal.
    for (const stream of streams) void stream.return();
  }
}
