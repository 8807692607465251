// Expected books of the example, calculated independently: from the whole story at once, with
// integers, and without the project's own rules, so that a mistake in the rules shows here.
import { CLAWBACK_DAYS, DEFAULT_TERMS, type Affiliate, type Component, type Terms } from './affiliates.ts';
import { eventKey, type StoryEvent } from './story.ts';

/** Expected postbacks and balance of one affiliate. Events are named by `eventKey`. */
export interface Expected {
  /** In cents. */
  balance: bigint;
  /** Every conversion of the affiliate's customers, also those that earn nothing. */
  created: string[];
  /** Conversions with earnings that a chargeback reversed. */
  reversed: string[];
}

const DAY_MS = 86_400_000;

/**
 * Expectation for each affiliate, in the order of `affiliates`. `affiliateOf`: index of the
 * affiliate that brought a customer.
 */
export function expectedOf(
  events: readonly StoryEvent[],
  affiliates: readonly Affiliate[],
  affiliateOf: (customerId: string) => number,
): Expected[] {
  const chargebacks = indexChargebacks(events);
  return affiliates.map(({ terms = DEFAULT_TERMS }, index) => {
    const conversions = events.filter(
      (event) => event.event !== 'chargeback' && affiliateOf(event.customer_id ?? '') === index,
    );
    const lost = conversions.filter((event) => isTakenBack(event, chargebacks));
    const kept = conversions.filter((event) => !lost.includes(event));
    return {
      balance: earnedBy(kept, terms),
      created: conversions.map(eventKey),
      reversed: lost.filter((event) => earnedBy([event], terms) > 0n).map(eventKey),
    };
  });
}

/** Cents as dollars: `-5n` is `-0.05`. */
export function dollars(cents: bigint): string {
  const digits = String(cents < 0n ? -cents : cents).padStart(3, '0');
  return `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/**
 * A decimal as an integer number of its `places`-th decimals: `12.5` with 2 places is 1250. Throws
 * on more places.
 */
export function unitsOf(decimal: string, places: number): bigint {
  const match = /^(-?\d+)(?:\.(\d+))?$/.exec(decimal);
  const [, whole = '', fraction = ''] = match ?? [];
  if (!match || fraction.length > places)
    throw new Error(`${decimal} is not a decimal of at most ${places} places`);
  return BigInt(whole + fraction.padEnd(places, '0'));
}

interface Chargebacks {
  references: Set<string>;
  /** Times of the chargebacks without a reference, by customer. */
  timesByCustomer: Map<string, number[]>;
}

function indexChargebacks(events: readonly StoryEvent[]): Chargebacks {
  const references = new Set<string>();
  const timesByCustomer = new Map<string, number[]>();
  for (const { event, reference, customer_id: customerId, occurred_at: at } of events) {
    if (event !== 'chargeback') continue;
    if (reference !== undefined) references.add(reference);
    else if (customerId !== undefined)
      timesByCustomer.set(customerId, [...(timesByCustomer.get(customerId) ?? []), Date.parse(at)]);
  }
  return { references, timesByCustomer };
}

function isTakenBack(event: StoryEvent, { references, timesByCustomer }: Chargebacks): boolean {
  if (event.transaction_id !== undefined && references.has(event.transaction_id)) return true;
  const at = Date.parse(event.occurred_at);
  const times = timesByCustomer.get(event.customer_id ?? '') ?? [];
  return times.some((time) => at <= time && at >= time - CLAWBACK_DAYS * DAY_MS);
}

function earnedBy(events: readonly StoryEvent[], terms: Terms): bigint {
  return sum(
    terms.components.map((component) => earnedByComponent(events, component, terms.rounding ?? 'half_even')),
  );
}

type Rounding = NonNullable<Terms['rounding']>;

/**
 * A CPA is fixed, a percentage is rounded per event, a revenue share once per calendar month (UTC,
 * the example operator's time zone).
 */
function earnedByComponent(events: readonly StoryEvent[], component: Component, rounding: Rounding): bigint {
  const paying = events.filter(({ event }) => ([component.on].flat() as string[]).includes(event));
  if (component.kind === 'cpa') {
    const minimum = unitsOf(component.min_amount ?? '0', 2);
    const customers = new Set(
      paying.filter((event) => centsOf(event) >= minimum).map((event) => event.customer_id),
    );
    return BigInt(customers.size) * unitsOf(component.amount, 2);
  }
  const amounts = component.kind === 'percent' ? paying.map(centsOf) : monthlySums(paying);
  return sum(amounts.map((cents) => percentOf(cents, component.percent, rounding)));
}

function monthlySums(events: readonly StoryEvent[]): bigint[] {
  const months = new Map<string, bigint>();
  for (const event of events) {
    const month = event.occurred_at.slice(0, 7);
    months.set(month, (months.get(month) ?? 0n) + centsOf(event));
  }
  return [...months.values()];
}

function centsOf(event: StoryEvent): bigint {
  return unitsOf(event.amount ?? '0', 2);
}

/** Percentage of a non-negative amount. */
function percentOf(cents: bigint, percent: string, rounding: Rounding): bigint {
  const [part, whole] = [cents * unitsOf(percent, 4), 1_000_000n];
  const [floor, rest] = [part / whole, part % whole];
  if (rounding === 'down' || rest * 2n < whole) return floor;
  if (rest * 2n === whole && rounding === 'half_even') return floor + (floor % 2n);
  return floor + 1n;
}

function sum(numbers: readonly bigint[]): bigint {
  return numbers.reduce((total, number) => total + number, 0n);
}
