// Traffic of the benchmark, the same in every run. Ten events hold one registration by a click, two
// first deposits (a fixed commission each), three purchases (a percentage each) and four revenues
// (a share of the affiliate's month).
import type { WireComponent } from '../domain/commission/terms.ts';

/** Components of every affiliate's deal. */
export const COMPONENTS: WireComponent[] = [
  { kind: 'cpa', on: 'ftd', amount: '200.00', min_amount: '100.00' },
  { kind: 'percent', on: ['challenge_purchase'], percent: '20' },
  { kind: 'revshare', on: ['revenue'], percent: '25' },
];

/** Bound customers, and new customers that need a click, for so many events. */
export function customersFor(events: number): { known: number; fresh: number } {
  const tens = Math.ceil(events / 10);
  return { known: tens * 2, fresh: tens };
}

/** Body that binds a known customer. */
export function registrationOf(customer: string, clickId: string): string {
  return JSON.stringify({
    event: 'registration',
    transaction_id: `reg-${customer}`,
    customer_id: customer,
    click_id: clickId,
  });
}

/**
 * Bodies of single-event requests. `known`: customers bound already; `clicks`: clicks of new
 * customers.
 */
export function eventBodies(
  count: number,
  known: readonly string[],
  freshClicks: readonly string[],
): string[] {
  return Array.from({ length: count }, (_, index) => bodyAt(index, known, freshClicks));
}

/** Bodies of events of bound customers, without registrations, from the number `from` on. */
export function bodiesOfKnown(from: number, count: number, known: readonly string[]): string[] {
  const nth = (n: number): number => Math.floor(n / 9) * 10 + (n % 9) + 1;
  return Array.from({ length: count }, (_, index) => bodyAt(nth(from + index), known, [], 's'));
}

/** `prefix` is that of the transactions. */
function bodyAt(
  index: number,
  known: readonly string[],
  freshClicks: readonly string[],
  prefix = 't',
): string {
  const ten = Math.floor(index / 10);
  const place = index % 10;
  if (place === 0) return registrationOf(`new-${ten}`, freshClicks[ten]!);
  const customerAt = (position: number): string => known[position % known.length]!;
  const money = (cents: number): { amount: string; currency: string } => ({
    amount: `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`,
    currency: 'USD',
  });
  const about = {
    transaction_id: `${prefix}-${index}`,
    metadata: { platform: 'web', country: 'DE', campaign: 'spring-2026' },
  };
  if (place <= 2)
    return JSON.stringify({
      event: 'ftd',
      customer_id: customerAt(ten * 2 + place - 1),
      ...money(50_000),
      ...about,
    });
  if (place <= 5) {
    const customer = customerAt(ten * 3 + place - 3);
    return JSON.stringify({
      event: 'challenge_purchase',
      customer_id: customer,
      ...money(9_900 + (index % 97)),
      ...about,
    });
  }
  return JSON.stringify({
    event: 'revenue',
    customer_id: customerAt(ten * 4 + place - 6),
    ...money(1_000 + (index % 89)),
    ...about,
  });
}

/** Groups single-event bodies into bodies of batch requests. */
export function batchBodies(bodies: readonly string[], size: number): string[] {
  const groups = Array.from({ length: Math.ceil(bodies.length / size) }, (_, index) =>
    bodies.slice(index * size, (index + 1) * size),
  );
  return groups.map((group) => `{"events":[${group.join(',')}]}`);
}
