import type { LiveEvent } from '@supergraph/platform/bus';
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

/** Everything that changes levels, or what they mean for shoppers; listened to from the moment of the call. */
function touchedStock(ctx: Context, isWatched: (place: Touched['places'][number]) => boolean): AsyncGenerator<Touched, void> {
  const of = <Payload>(contract: EventContract<Payload>, placesOf: (payload: Payload) => Touched['places']) => {
    const events = ctx.bus.subscribe(contract, (payload) => placesOf(payload).some(isWatched), ctx.signal);
    return touches(events, (payload) => placesOf(payload).filter(isWatched));
  };
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

async function* touches<Payload>(
  events: AsyncGenerator<LiveEvent<Payload>, void>,
  placesOf: (payload: Payload) => Touched['places'],
): AsyncGenerator<Touched, void> {
  for await (const { organizationId, payload } of events) yield { organizationId, places: placesOf(payload) };
}

/** Which of the watched variants look different when the stock of a variant changes: itself, and the bundles that it is in. */
async function findAffected(ctx: Context, variantIds: readonly string[]): Promise<Map<string, Set<string>>> {
  const affected = new Map<string, Set<string>>();
  const add = (cause: string, variantId: string) => affected.set(cause, (affected.get(cause) ?? new Set()).add(variantId));
  for (const variantId of variantIds) add(variantId, variantId);
  for (const { bundleId, componentId } of await findComponents(ctx.db, variantIds)) add(componentId, bundleId);
  return affected;
}

const look = async (ctx: Context, variantId: string) => JSON.stringify(await availabilityOf(ctx, variantId));

/** Variants of which what everybody may see changed, from now on. */
export async function watchAvailability(ctx: Context, input: unknown): Promise<AsyncGenerator<{ id: string }, void>> {
  const { variantIds } = parseInput(VariantIds, input);
  const affected = await findAffected(ctx, variantIds);
  // Listened to before the present is read, so that no change in between is missed.
  const changes = touchedStock(ctx, ({ variantId }) => affected.has(variantId));
  const shown = new Map<string, string>();
  for (const variantId of variantIds) shown.set(variantId, await look(ctx, variantId));
  return visibleChanges(ctx, changes, affected, shown);
}

async function* visibleChanges(
  ctx: Context,
  changes: AsyncGenerator<Touched, void>,
  affected: ReadonlyMap<string, ReadonlySet<string>>,
  shown: Map<string, string>,
): AsyncGenerator<{ id: string }, void> {
  for await (const { places } of changes) {
    const variantIds = new Set(places.flatMap(({ variantId }) => [...(affected.get(variantId) ?? [])]));
    forgetAvailability(ctx, [...variantIds]);
    for (const variantId of variantIds) {
      const now = await look(ctx, variantId);
      if (shown.get(variantId) === now) continue;
      shown.set(variantId, now);
      yield { id: variantId };
    }
  }
}

function requireOrganization({ organization }: Context): { readonly id: string } {
  if (!organization) throw new NoTenantChosen();
  return organization;
}

function refuseCursor(after: string | null | undefined): void {
  if (after != null)
    throw conflict('changes are not kept that long; read what is there now, then subscribe without a cursor', { reason: 'CURSOR_EXPIRED' });
}

/** Levels of the chosen organization that changed, from now on. */
export function watchLevels(
  ctx: Context,
  { after, ...input }: Watch & { after?: string | null | undefined },
): AsyncGenerator<LevelRow, void> {
  const { id } = requireOrganization(ctx);
  refuseCursor(after);
  const wanted = parseInput(Watched, input);
  const isWatched = ({ variantId, warehouseId }: Touched['places'][number]) =>
    warehouseId !== null && (wanted.variantIds?.includes(variantId) ?? true) && (wanted.warehouseIds?.includes(warehouseId) ?? true);
  return changedLevels(ctx, id, touchedStock(ctx, isWatched));
}

async function* changedLevels(ctx: Context, sellerId: string, changes: AsyncGenerator<Touched, void>): AsyncGenerator<LevelRow, void> {
  for await (const { organizationId, places } of changes) {
    if (organizationId !== sellerId) continue;
    const levels = await inTenant(ctx, (tx) => findLevels(tx, [...new Set(places.map(({ variantId }) => variantId))]));
    for (const level of levels)
      if (places.some(({ variantId, warehouseId }) => level.variantId === variantId && level.warehouseId === warehouseId)) yield level;
  }
}

/** Items of the chosen organization that became low, from now on. */
export function watchLowStock(ctx: Context, { after }: { after?: string | null | undefined }): AsyncGenerator<Item, void> {
  const { id } = requireOrganization(ctx);
  refuseCursor(after);
  return lowItems(
    ctx,
    ctx.bus.subscribe(stockLow, ({ sellerId }) => sellerId === id, ctx.signal),
  );
}

async function* lowItems(
  ctx: Context,
  events: AsyncGenerator<LiveEvent<{ readonly variantId: string }>, void>,
): AsyncGenerator<Item, void> {
  for await (const { payload } of events) {
    ctx.loaders.levelsByVariant.clear(payload.variantId);
    const [item] = await inTenant(ctx, (tx) => findItems(tx, [payload.variantId]));
    if (item) yield item;
  }
}
