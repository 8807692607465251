// How many customers made their first deposit in a deal's months: each is counted once, in the month of the earliest, while something is left of it.
import { type Slot, countedIn } from './slot.ts';
import { isBefore, reversedIn, type Group } from '../commission/group.ts';

type Deposit = { month: Slot; group: Group };

/** By customer, the month that counts them, among the months of one deal and affiliate. Whose first deposit was taken back is in none. */
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

/** Counts them in months that have all their first deposits at hand, whatever the months say. */
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

export function addCustomers(month: Slot, count: 1 | -1): void {
  month.sums = { ...month.sums, ftdCount: month.sums.ftdCount + count };
}

/** Lets another month count a customer than the one that did; gives the months of which the count moved. */
export function moveCustomer(from: Slot | undefined, to: Slot | undefined): Slot[] {
  if (from === to) return [];
  if (from) addCustomers(from, -1);
  if (to) addCustomers(to, 1);
  const moved = [from, to].filter((month) => month !== undefined);
  for (const month of moved) month.isChanged = true;
  return moved;
}
