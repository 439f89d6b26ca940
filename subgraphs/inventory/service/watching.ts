import { inTenant, NoTenantChosen } from '@supergraph/platform/database';
import { conflict } from '@supergraph/platform/errors';
import type { EventContract } from '@supergraph/platform/events';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { variantArchived, variantChanged } from '@supergraph/schema/events/catalog';
import {
  reservationExpired,
  reservationHeld,
  reservationReleased,
  stockAdjusted,
  stockDepleted,
  stockLow,
  stockReplenished,
} from '@supergraph/schema/events/inventory';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { findComponents, findItems, type Item } from '../store/items.ts';
import { findLevels, type LevelRow } from '../store/levels.ts';
import { availabilityOf, forgetAvailability } from './availability.ts';
import { merge } from './merge.ts';

/** Which levels an event changed. */
interface Touched {
  readonly organizationId: string | null;
  readonly places: readonly { readonly variantId: string; readonly warehouseId: string | null }[];
}

type Watch = { readonly [name in 'variantIds' | 'warehouseIds']?: readonly string[] | null | undefined };

const someIds = z.array(idInput).min(1, 'must not be empty').max(100, 'must have at most 100 ids');
const VariantIds = z.strictObject({ variantIds: someIds });
const Watched = z.strictObject({ warehouseIds: optional(someIds), variantIds: optional(someIds) });

/** Everything that changes levels, or what they mean for shoppers. */
function touchedStock(ctx: Context, isWatched: (place: Touched['places'][number]) => boolean): AsyncGenerator<Touched, void> {
  async function* of<Payload>(
    contract: EventContract<Payload>,
    placesOf: (payload: Payload) => Touched['places'],
  ): AsyncGenerator<Touched, void> {
    const events = ctx.bus.subscribe(contract, (payload) => placesOf(payload).some(isWatched), ctx.signal);
    for await (const { organizationId, payload } of events) yield { organizationId, places: placesOf(payload).filter(isWatched) };
  }
  const byLines = ({ lines }: { lines: readonly { variantId: string; warehouseId: string }[] }) => lines;
  const byVariant = ({ variantId }: { variantId: string }) => [{ variantId, warehouseId: null }];
  return merge([
    of(stockAdjusted, (payload) => [payload]),
    of(reservationHeld, byLines),
    of(reservationReleased, byLines),
    of(reservationExpired, byLines),
    ...[stockLow, stockDepleted, stockReplenished].map((contract) => of(contract, byVariant)),
    ...[variantChanged, variantArchived].map((contract) => of(contract, byVariant)),
  ]);
}

/** Variants of which what everybody may see changed, from now on. */
export async function* watchAvailability(ctx: Context, input: unknown): AsyncGenerator<{ id: string }, void> {
  const { variantIds } = parseInput(VariantIds, input);
  const components = await findComponents(ctx.db, variantIds);
  const watched = new Map<string, Set<string>>();
  const watch = (cause: string, variantId: string) => watched.set(cause, (watched.get(cause) ?? new Set()).add(variantId));
  for (const variantId of variantIds) watch(variantId, variantId);
  for (const { bundleId, componentId } of components) watch(componentId, bundleId);

  const shown = new Map<string, string>();
  const look = async (variantId: string) => JSON.stringify(await availabilityOf(ctx, variantId));
  const changes = touchedStock(ctx, ({ variantId }) => watched.has(variantId));
  try {
    // Listening begins here, so that no change is missed while the present is read.
    const first = changes.next();
    for (const variantId of variantIds) shown.set(variantId, await look(variantId));
    for (let change = await first; !change.done; change = await changes.next()) {
      const affected = new Set(change.value.places.flatMap(({ variantId }) => [...(watched.get(variantId) ?? [])]));
      forgetAvailability(ctx, [...affected]);
      for (const variantId of affected) {
        const now = await look(variantId);
        if (shown.get(variantId) === now) continue;
        shown.set(variantId, now);
        yield { id: variantId };
      }
    }
  } finally {
    void changes.return();
  }
}

function refuseCursor(after: string | null | undefined): void {
  if (after != null)
    throw conflict('changes are not kept that long; read what is there now, then subscribe without a cursor', { reason: 'CURSOR_EXPIRED' });
}

/** Levels of the chosen organization that changed, from now on. */
export async function* watchLevels(
  ctx: Context,
  { after, ...input }: Watch & { after?: string | null | undefined },
): AsyncGenerator<LevelRow, void> {
  const { organization } = ctx;
  if (!organization) throw new NoTenantChosen();
  refuseCursor(after);
  const wanted = parseInput(Watched, input);
  const isWatched = ({ variantId, warehouseId }: Touched['places'][number]) =>
    warehouseId !== null && (wanted.variantIds?.includes(variantId) ?? true) && (wanted.warehouseIds?.includes(warehouseId) ?? true);
  for await (const { organizationId, places } of touchedStock(ctx, isWatched)) {
    if (organizationId !== organization.id) continue;
    const levels = await inTenant(ctx, (tx) => findLevels(tx, [...new Set(places.map(({ variantId }) => variantId))]));
    for (const level of levels)
      if (places.some(({ variantId, warehouseId }) => level.variantId === variantId && level.warehouseId === warehouseId)) yield level;
  }
}

/** Items of the chosen organization that became low, from now on. */
export async function* watchLowStock(ctx: Context, { after }: { after?: string | null | undefined }): AsyncGenerator<Item, void> {
  const { organization } = ctx;
  if (!organization) throw new NoTenantChosen();
  refuseCursor(after);
  for await (const { payload } of ctx.bus.subscribe(stockLow, ({ sellerId }) => sellerId === organization.id, ctx.signal)) {
    ctx.loaders.levelsByVariant.clear(payload.variantId);
    const [item] = await inTenant(ctx, (tx) => findItems(tx, [payload.variantId]));
    if (item) yield item;
  }
}
