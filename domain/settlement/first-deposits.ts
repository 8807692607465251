// Counts customers with a first deposit in the months of a deal: each customer once, in the month
// of the earliest deposit that is not wholly reversed.
import { type Slot, countedIn } from './slot.ts';
import { isBefore, reversedIn, type Group } from '../commission/group.ts';

type Deposit = { month: Slot; group: Group };

/**
 * The month that counts each customer, among the months of one deal and affiliate. A customer whose
 * first deposit was wholly reversed is in none.
 */
export function countingMonths(months: Iterable<Slot>): Map<string, Slot> {
  const firsts = new Map<string, Deposit>();
  for (const month of months) {
    for (const group of countedIn(month)) {
      const { customer } = group.accrual;
      if (customer === null) continue;
      const first = firsts.get(customer);
      if (!first || isBefore(group.accrual, first.group.accrual)) firsts.set(customer, { month, group });
    }
  }
  const counting = new Map<string, Slot>();
  for (const [customer, { month, group }] of firsts) {
    const { part, of } = reversedIn(group);
    if (part < of) counting.set(customer, month);
  }
  return counting;
}

/** Recounts months that have all their first deposits loaded, in place of the stored counts. */
export function countFirstDeposits(slots: readonly Slot[]): void {
  const families = new Map<string, Slot[]>();
  for (const slot of slots) {
    if (slot.name.kind !== 'month') continue;
    slot.sums = { ...slot.sums, ftdCount: 0 };
    const family = `${slot.version.dealId} ${slot.affiliateId}`;
    families.set(family, [...(families.get(family) ?? []), slot]);
  }
  for (const months of families.values())
    for (const month of countingMonths(months).values()) addCustomers(month, 1);
}

function addCustomers(month: Slot, count: 1 | -1): void {
  month.sums = { ...month.sums, ftdCount: month.sums.ftdCount + count };
}

/**
 * Moves a customer from the month that counted them to another; returns the months whose count
 * changed.
 */
export function moveCustomer(from: Slot | undefined, to: Slot | undefined): Slot[] {
  if (from === to) return [];
  if (from) addCustomers(from, -1);
  if (to) addCustomers(to, 1);
  const moved = [from, to].filter((month) => month !== undefined);
  for (const month of moved) month.isChanged = true;
  return moved;
}
