interface Valued {
  readonly onHand: number;
  readonly valueMinor: number;
}

/** `value × quantity / total`, rounded half away from zero; exact, because the product may pass 2⁵³. */
function share(valueMinor: number, quantity: number, total: number): number {
  const divisor = 2n * BigInt(total);
  return Number((2n * BigInt(valueMinor) * BigInt(quantity) + BigInt(total)) / divisor);
}

/** What an outgoing movement takes from a level's value; the last unit takes the rest. */
export const outgoingValue = (level: Valued, quantity: number): number =>
  quantity >= level.onHand ? level.valueMinor : share(level.valueMinor, quantity, level.onHand);

/** What units of no known cost add: the average so far, of the level or else of the whole item. */
export function averageValue(level: Valued, item: Valued, quantity: number): number {
  const source = level.onHand > 0 ? level : item;
  return source.onHand > 0 ? share(source.valueMinor, quantity, source.onHand) : 0;
}

/** The value of one unit in the currency's main unit, with 6 decimals; null when there is none. */
export function averageCost({ onHand, valueMinor }: Valued, digits: number): string | null {
  if (onHand === 0) return null;
  const millionths =
    (2n * BigInt(valueMinor) * 10n ** 6n + BigInt(onHand) * 10n ** BigInt(digits)) / (2n * BigInt(onHand) * 10n ** BigInt(digits));
  const text = millionths.toString().padStart(7, '0');
  return `${text.slice(0, -6)}.${text.slice(-6)}`;
}
