/** What one warehouse can still give of one variant; the list is in the order of the warehouses' priority. */
export interface Source {
  readonly warehouseId: string;
  readonly variantId: string;
  readonly orderable: number;
}

/** An order line's demand of one simple variant. */
export interface Demand {
  readonly orderLineId: string;
  readonly orderedVariantId: string;
  readonly unitQuantity: number;
  readonly variantId: string;
  readonly quantity: number;
}

export interface Allocation extends Demand {
  readonly warehouseId: string;
}

/** An order line with what one unit of it takes of simple, tracked variants. */
export interface ResolvedLine {
  readonly orderLineId: string;
  readonly variantId: string;
  readonly quantity: number;
  readonly takes: readonly { readonly variantId: string; readonly quantity: number }[];
}

export interface Shortage {
  readonly orderLineId: string;
  readonly variantId: string;
  readonly requested: number;
  readonly orderable: number;
}

/** Up to so many warehouses every combination is tried; beyond, the fullest ones are taken first. */
const exhaustiveLimit = 10;

/** Every line that cannot be served next to the lines before it; lines share what they have in common. */
export function findShortages(lines: readonly ResolvedLine[], sources: readonly Source[]): Shortage[] {
  const left = totals(sources.map(({ variantId, orderable }) => ({ variantId, quantity: orderable })));
  return lines.flatMap(({ orderLineId, variantId, quantity, takes }) => {
    const orderable =
      takes.length === 0 ? quantity : Math.min(...takes.map((take) => Math.floor((left.get(take.variantId) ?? 0) / take.quantity)));
    if (orderable < quantity) return [{ orderLineId, variantId, requested: quantity, orderable: Math.max(0, orderable) }];
    for (const take of takes) left.set(take.variantId, (left.get(take.variantId) ?? 0) - take.quantity * quantity);
    return [];
  });
}

/** The demand of lines by order line and simple variant. */
export const demandsOf = (lines: readonly ResolvedLine[]): Demand[] =>
  lines.flatMap(({ orderLineId, variantId: orderedVariantId, quantity, takes }) =>
    takes.map((take) => ({
      orderLineId,
      orderedVariantId,
      unitQuantity: take.quantity,
      variantId: take.variantId,
      quantity: take.quantity * quantity,
    })),
  );

/** Divides demand over warehouses: the first by priority that serves everything, else the fewest, by priority. There must be enough. */
export function allocate(demands: readonly Demand[], sources: readonly Source[]): Allocation[] {
  const needed = totals(demands);
  const useful = sources.filter(({ variantId, orderable }) => orderable > 0 && needed.has(variantId));
  const chosen = new Set(chooseWarehouses(needed, useful));
  const left = useful.filter(({ warehouseId }) => chosen.has(warehouseId)).map((source) => ({ ...source }));
  return demands.flatMap((demand) =>
    take(
      demand,
      left.filter(({ variantId }) => variantId === demand.variantId),
    ),
  );
}

function totals(demands: readonly { variantId: string; quantity: number }[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { variantId, quantity } of demands) sums.set(variantId, (sums.get(variantId) ?? 0) + quantity);
  return sums;
}

function take(demand: Demand, left: { warehouseId: string; orderable: number }[]): Allocation[] {
  const whole = left.find(({ orderable }) => orderable >= demand.quantity);
  let missing = demand.quantity;
  return (whole ? [whole] : left).flatMap((source) => {
    const quantity = Math.min(missing, source.orderable);
    if (quantity === 0) return [];
    source.orderable -= quantity;
    missing -= quantity;
    return [{ ...demand, quantity, warehouseId: source.warehouseId }];
  });
}

function chooseWarehouses(needed: ReadonlyMap<string, number>, sources: readonly Source[]): string[] {
  const warehouses = [...new Set(sources.map(({ warehouseId }) => warehouseId))];
  if (warehouses.length > exhaustiveLimit) return greedily(needed, sources, warehouses);
  for (let size = 1; size < warehouses.length; size += 1) {
    const found = combinations(warehouses, size).find((some) => serves(needed, sources, new Set(some)));
    if (found) return found;
  }
  return warehouses;
}

function serves(needed: ReadonlyMap<string, number>, sources: readonly Source[], chosen: ReadonlySet<string>): boolean {
  const given = totals(
    sources.filter(({ warehouseId }) => chosen.has(warehouseId)).map(({ variantId, orderable }) => ({ variantId, quantity: orderable })),
  );
  return [...needed].every(([variantId, quantity]) => (given.get(variantId) ?? 0) >= quantity);
}

/** All choices of so many, those with the earliest members first. */
function combinations(all: readonly string[], size: number): string[][] {
  if (size === 0) return [[]];
  return all.flatMap((first, index) => combinations(all.slice(index + 1), size - 1).map((rest) => [first, ...rest]));
}

function greedily(needed: ReadonlyMap<string, number>, sources: readonly Source[], warehouses: readonly string[]): string[] {
  const alone = warehouses.find((warehouseId) => serves(needed, sources, new Set([warehouseId])));
  if (alone) return [alone];
  const left = new Map(needed);
  const chosen: string[] = [];
  const gain = (warehouseId: string) =>
    sources
      .filter((source) => source.warehouseId === warehouseId)
      .reduce((sum, { variantId, orderable }) => sum + Math.min(orderable, left.get(variantId) ?? 0), 0);
  while ([...left.values()].some((quantity) => quantity > 0)) {
    const [best] = warehouses.filter((warehouseId) => !chosen.includes(warehouseId)).toSorted((one, other) => gain(other) - gain(one));
    if (best === undefined) return chosen;
    chosen.push(best);
    for (const { warehouseId, variantId, orderable } of sources)
      if (warehouseId === best) left.set(variantId, Math.max(0, (left.get(variantId) ?? 0) - orderable));
  }
  return warehouses.filter((warehouseId) => chosen.includes(warehouseId));
}
