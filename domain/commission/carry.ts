// Negative carryover: losses of revenue-share months, deducted from the months that follow.
import type { MonthShare } from './component-kind.ts';
import { NO_LOSS, shareMonth, type MonthPart } from './month.ts';

/**
 * The share of each part, by the part's id. `months` are those of one component and affiliate, in
 * order, each with its parts in order.
 * A loss is carried as revenue (`ngr`) or as commission. Both are followed through all months,
 * since versions may differ in `carryBy`. A month that resets drops the loss.
 * Example: 30 % of −10,000 and then of +15,000: carried as revenue, −10,000 enters the second month
 * and the second month pays 1,500; without carryover it pays 4,500.
 */
export function sharesOfMonths(
  months: Iterable<readonly (MonthPart & { id: string })[]>,
): Map<string, MonthShare> {
  const found = new Map<string, MonthShare>();
  let carried = NO_LOSS;
  for (const parts of months) {
    const { shares, loss } = shareMonth(parts, carried);
    parts.forEach(({ id }, index) => found.set(id, shares[index]!));
    carried = loss;
  }
  return found;
}
