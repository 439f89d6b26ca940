import { idempotency } from '@supergraph/db/inventory/tables';
import { type Db, NoTenantChosen } from '@supergraph/platform/database';
import { badInput, conflict, type Issue, notFound } from '@supergraph/platform/errors';
import { idempotent } from '@supergraph/platform/idempotency';
import { idInput, moneyInput, optional, parseInput, text } from '@supergraph/platform/input';
import { stockAdjusted } from '@supergraph/schema/events/inventory';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { findSellers } from '../store/items.ts';
import { findLevelsById, findMovements, insertMovements, type LevelRow, type MovementRow } from '../store/levels.ts';
import { shareWarehouses, type Warehouse } from '../store/warehouses.ts';
import { changeKnownStock, refuseUnknown } from './register.ts';
import { openFreedStock } from './reservations.ts';
import { openShortening, type Shortening } from './shorten-reservations.ts';
import { addMissingLevels, levelAt, saveStock, setLevel, type Stock } from './stock.ts';
import { tell } from './telling.ts';
import { averageValue, outgoingValue } from './valuation.ts';

const largestQuantity = 1_000_000;
const fullestLevel = 10_000_000;
/** 1 000 000 in a currency of two decimals. */
const largestUnitCost = 100_000_000;

const Line = z
  .strictObject({
    variantId: idInput,
    warehouseId: idInput,
    delta: z.int().refine((delta) => delta !== 0 && Math.abs(delta) <= largestQuantity, 'must not be 0 and at most 1000000 either way'),
    unitCost: optional(moneyInput.refine(({ minor }) => minor >= 0 && minor <= largestUnitCost, 'must be between 0 and 1000000')),
  })
  .refine(({ delta, unitCost }) => !unitCost || delta > 0, { path: ['unitCost'], message: 'is for units that are added' });

const Adjustment = z.strictObject({
  lines: z
    .array(Line)
    .min(1, 'must not be empty')
    .max(100, 'must have at most 100 lines')
    .superRefine((lines, check) => {
      const places = lines.map(({ variantId, warehouseId }) => `${variantId}/${warehouseId}`);
      places.forEach((place, index) => {
        if (places.indexOf(place) < index)
          check.addIssue({ code: 'custom', path: [index], message: 'names the variant and warehouse of an earlier line' });
      });
    }),
  reason: z.enum(['CORRECTION', 'DAMAGE', 'LOSS', 'THEFT', 'FOUND', 'SAMPLE', 'OPENING']),
  note: optional(text({ max: 500 })),
  releaseReservations: optional(z.boolean()),
  idempotencyKey: optional(z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters')),
});
type Adjustment = Omit<z.output<typeof Adjustment>, 'idempotencyKey'>;
type Line = z.output<typeof Line>;

/** What became of one line of an adjustment. */
export interface Adjusted {
  readonly index: number;
  readonly level: LevelRow;
  readonly movement: MovementRow | null;
}

/** Corrects levels, all lines or none. */
export async function adjustStock(ctx: Context, input: unknown): Promise<Adjusted[]> {
  const { idempotencyKey: key, ...wanted } = parseInput(Adjustment, input);
  const { organization } = ctx;
  if (!organization) throw new NoTenantChosen();
  return changeKnownStock(ctx, organization.id, async (tx) => {
    const request = { operation: `adjustStock:${organization.id}`, key, input: wanted };
    const answer = await idempotent(ctx, tx, idempotency, request, () => adjust(ctx, tx, organization.id, wanted));
    return readAdjusted(tx, answer);
  });
}

type Answer = readonly { readonly levelId: string; readonly movementId: string }[];

async function readAdjusted(tx: Db, answer: Answer): Promise<Adjusted[]> {
  const levels = new Map(
    (
      await findLevelsById(
        tx,
        answer.map(({ levelId }) => levelId),
      )
    ).map((level) => [level.id, level]),
  );
  const movements = new Map(
    (
      await findMovements(
        tx,
        answer.map(({ movementId }) => movementId),
      )
    ).map((movement) => [movement.id, movement]),
  );
  return answer.flatMap(({ levelId, movementId }, index) => {
    const level = levels.get(levelId);
    return level ? [{ index, level, movement: movements.get(movementId) ?? null }] : [];
  });
}

async function adjust(
  ctx: Context,
  tx: Db,
  organizationId: string,
  { lines, reason, note, releaseReservations }: Adjustment,
): Promise<Answer> {
  const warehouses = await usableWarehouses(
    tx,
    lines.map(({ warehouseId }) => warehouseId),
  );
  const variantIds = [...new Set(lines.map(({ variantId }) => variantId))];
  const stock = await openFreedStock(ctx, tx, organizationId, variantIds);
  refuseUnknown(variantIds, stock.items);
  await refuseBadLines(tx, stock, lines);
  await addMissingLevels(
    tx,
    stock,
    lines.flatMap(({ variantId, warehouseId }) => {
      const warehouse = warehouses.get(warehouseId);
      return warehouse ? [{ variantId, warehouse }] : [];
    }),
  );
  const shortening = await openShortening(
    tx,
    releaseReservations ? lines.filter(({ delta }) => delta < 0).map(({ variantId }) => variantId) : [],
  );
  refuseBrokenBounds(stock, lines, shortening);
  const rows = lines.map((line) => {
    const valueMinor = applyLine(stock, line, shortening);
    const { onHand: onHandAfter } = levelAt(stock, line.variantId, line.warehouseId);
    const { variantId, warehouseId, delta: quantity } = line;
    return {
      organizationId,
      variantId,
      warehouseId,
      kind: 'ADJUSTMENT' as const,
      quantity,
      onHandAfter,
      valueMinor,
      reason,
      reference: note || null,
      actorId: ctx.viewer?.userId ?? null,
      occurredAt: ctx.now(),
    };
  });
  const movements = await insertMovements(tx, rows);
  await shortening.save(ctx, organizationId);
  await saveStock(ctx, tx, stock);
  for (const { id: movementId, variantId, warehouseId, kind, quantity: delta, onHandAfter: onHand } of movements)
    await tell(ctx, tx, organizationId, stockAdjusted, {
      movementId,
      variantId,
      warehouseId,
      sellerId: organizationId,
      kind,
      delta,
      onHand,
    });
  const idOf = new Map(movements.map(({ id, variantId, warehouseId }) => [`${variantId}/${warehouseId}`, id]));
  return lines.map(({ variantId, warehouseId }) => ({
    levelId: levelAt(stock, variantId, warehouseId).id,
    movementId: idOf.get(`${variantId}/${warehouseId}`) ?? '',
  }));
}

/** Warehouses that keep being used until the transaction ends. */
export async function usableWarehouses(tx: Db, ids: readonly string[]): Promise<ReadonlyMap<string, Warehouse>> {
  const wanted = [...new Set(ids)];
  const found = await shareWarehouses(tx, wanted);
  if (found.length < wanted.length) throw notFound('Warehouse');
  const archived = found.filter(({ archivedAt }) => archivedAt).map(({ id }) => id);
  if (archived.length > 0)
    throw conflict('the warehouse is archived; choose another one', { reason: 'WAREHOUSE_ARCHIVED', warehouseIds: archived });
  return new Map(found.map((warehouse) => [warehouse.id, warehouse]));
}

async function refuseBadLines(tx: Db, stock: Stock, lines: readonly Line[]): Promise<void> {
  const issues: Issue[] = lines.flatMap(({ variantId }, index) =>
    stock.items.get(variantId)?.kind === 'BUNDLE'
      ? [{ path: `lines.${index}.variantId`, message: 'is a bundle, which has no stock of its own; adjust its components' }]
      : [],
  );
  if (lines.some(({ unitCost }) => unitCost)) {
    const [seller] = await findSellers(tx, [stock.organizationId]);
    if (!seller) throw conflict('the currency of the organization is not known yet; try again shortly', { reason: 'CURRENCY_UNKNOWN' });
    lines.forEach(({ unitCost }, index) => {
      if (unitCost && unitCost.currency !== seller.currency)
        issues.push({ path: `lines.${index}.unitCost.currency`, message: `must be ${seller.currency}, in which the stock is valued` });
    });
  }
  if (issues.length > 0) throw badInput(issues);
}

/** What a line leaves reserved beyond the shelf and the backorder limit. */
const missingAfter = ({ onHand, reserved, backorderLimit }: LevelRow, delta: number): number =>
  Math.max(0, reserved - Math.max(0, onHand + delta) - backorderLimit);

function refuseBrokenBounds(stock: Stock, lines: readonly Line[], shortening: Shortening): void {
  const places = lines.map((line, index) => ({ index, line, level: levelAt(stock, line.variantId, line.warehouseId) }));
  const name = (some: typeof places) =>
    some.map(({ index, line: { variantId, warehouseId, delta }, level: { onHand, reserved, backorderLimit } }) => ({
      index,
      variantId,
      warehouseId,
      onHand,
      reserved,
      backorderLimit,
      delta,
    }));
  const full = places.filter(({ line, level }) => level.onHand + line.delta > fullestLevel);
  if (full.length > 0) throw conflict('a level holds at most 10000000 units', { reason: 'LEVEL_FULL', levels: name(full) });
  const low = places.filter(({ line, level }) => level.onHand + line.delta < 0);
  if (low.length > 0) throw conflict('less is on hand than would be taken; take less', { reason: 'STOCK_TOO_LOW', levels: name(low) });
  const reserved = places.filter(
    ({ line, level }) => missingAfter(level, line.delta) > shortening.available(line.variantId, line.warehouseId),
  );
  if (reserved.length > 0)
    throw conflict('orders have reserved what would be taken; take less, or release their reservations with releaseReservations', {
      reason: 'STOCK_RESERVED',
      levels: name(reserved),
    });
}

/** Changes the level in memory; the value that the movement carries, signed like its quantity. */
function applyLine(stock: Stock, { variantId, warehouseId, delta, unitCost }: Line, shortening: Shortening): number {
  const level = levelAt(stock, variantId, warehouseId);
  const item = stock.items.get(variantId) ?? level;
  const lost = shortening.take(variantId, warehouseId, missingAfter(level, delta));
  const gained = () => (unitCost ? unitCost.minor * delta : averageValue(level, item, delta));
  const valueMinor = delta > 0 ? gained() : 0 - outgoingValue(level, -delta);
  setLevel(stock, level, { onHand: level.onHand + delta, reserved: level.reserved - lost, valueMinor: level.valueMinor + valueMinor });
  return valueMinor;
}
