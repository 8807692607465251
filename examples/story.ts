// Turns the purchases of `cdnow-sample.csv` into an operator's events: registrations, first
// deposits, deposits, reactivations, and chargebacks, which the data lacks, invented from a seed.
// The same seed gives the same story.

export type EarningEvent = 'registration' | 'ftd' | 'deposit' | 'reactivation';

/** An event in the API's form. */
export interface StoryEvent {
  event: EarningEvent | 'chargeback';
  transaction_id?: string;
  customer_id?: string;
  click_id?: string;
  amount?: string;
  currency?: 'USD';
  reference?: string;
  occurred_at: string;
}

interface Purchase {
  amount: string;
  occurredAt: Date;
}

export interface Customer {
  id: string;
  /** In order of time, at least one. */
  purchases: [Purchase, ...Purchase[]];
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DORMANT_DAYS = 180;
/**
 * One purchase in so many is charged back by its reference, and one customer in so many is charged
 * back altogether.
 */
const CHARGEBACK_PER_PURCHASES = 25;
const CHARGEBACK_PER_CUSTOMERS = 40;

/**
 * Years by which purchases are moved, since the API refuses times before 2000. The calendar of 2003
 * is that of 1997.
 */
const YEARS_LATER = 6;

/**
 * Reads the CSV (`customer_id,date,units,amount_usd`, sorted by customer and date). Purchases of
 * one day follow each other by a minute from noon.
 */
export function readCustomers(csv: string): Customer[] {
  const customers = new Map<string, Customer>();
  for (const line of csv.trim().split('\n').slice(1)) {
    const [id = '', date = '', , amount = ''] = line.split(',');
    const customer = customers.get(id);
    const minutes = customer?.purchases.length ?? 0;
    const noon = Date.parse(`${Number(date.slice(0, 4)) + YEARS_LATER}${date.slice(4)}T12:00:00Z`);
    const purchase = { amount, occurredAt: new Date(noon + minutes * MINUTE_MS) };
    if (customer) customer.purchases.push(purchase);
    else customers.set(id, { id, purchases: [purchase] });
  }
  return [...customers.values()];
}

/**
 * All events of the operator, in order of `occurred_at`. `clickIds`: by customer; only
 * registrations and first deposits carry a click.
 */
export function createStory(
  customers: Customer[],
  clickIds: ReadonlyMap<string, string>,
  seed: number,
): StoryEvent[] {
  const random = randomFrom(seed);
  const events = customers.flatMap((customer) => {
    const clickId = clickIds.get(customer.id);
    const purchases = customer.purchases.flatMap((_, index) => purchaseEvents(customer, index, clickId));
    return [...purchases, ...chargebacksOf(customer, random)];
  });
  return events.toSorted((a, b) => Date.parse(a.occurred_at) - Date.parse(b.occurred_at));
}

/**
 * The operator's key of an event: its type and transaction id, or the customer when there is none.
 */
export function eventKey(event: StoryEvent): string {
  return `${event.event} ${event.transaction_id ?? event.customer_id}`;
}

/** Shuffles the list, always in the same way for a seed (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const random = randomFrom(seed);
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}

function purchaseEvents(customer: Customer, index: number, clickId: string | undefined): StoryEvent[] {
  const { amount, occurredAt } = customer.purchases[index] as Purchase;
  const money = {
    transaction_id: transactionId(customer, index),
    customer_id: customer.id,
    amount,
    currency: 'USD',
  } as const;
  const click = clickId === undefined ? {} : { click_id: clickId };
  const at = (minutesLater: number) => ({
    occurred_at: new Date(occurredAt.getTime() + minutesLater * MINUTE_MS).toISOString(),
  });
  if (index === 0) {
    return [
      { event: 'registration', customer_id: customer.id, ...click, ...at(-30) },
      { event: 'ftd', ...money, ...click, ...at(0) },
    ];
  }
  const deposit: StoryEvent = { event: 'deposit', ...money, ...at(0) };
  const quietMs = occurredAt.getTime() - (customer.purchases[index - 1] as Purchase).occurredAt.getTime();
  // A reactivation shares the transaction id of its deposit: ids are unique per event type, and a
  // chargeback of the id reverses both.
  return quietMs > DORMANT_DAYS * DAY_MS
    ? [deposit, { event: 'reactivation', ...money, ...at(0) }]
    : [deposit];
}

/**
 * Chargebacks come at 23:00, far from any purchase's hour, so that no conversion lies on the edge
 * of the clawback window. Chargebacks by reference come within 60 days, so that the window never
 * matters to them.
 */
function chargebacksOf(customer: Customer, random: () => number): StoryEvent[] {
  const late = (day: Date, days: number) =>
    `${new Date(day.getTime() + days * DAY_MS).toISOString().slice(0, 10)}T23:00:00.000Z`;
  const single = customer.purchases.flatMap(({ amount, occurredAt }, index): StoryEvent[] => {
    const days = 20 + Math.floor(random() * 40);
    if (random() * CHARGEBACK_PER_PURCHASES >= 1) return [];
    const reference = transactionId(customer, index);
    const named = index % 2 === 0 ? { customer_id: customer.id } : {};
    const what = { event: 'chargeback', transaction_id: `back-${reference}`, reference, ...named } as const;
    return [{ ...what, amount, currency: 'USD', occurred_at: late(occurredAt, days) }];
  });
  if (random() * CHARGEBACK_PER_CUSTOMERS >= 1) return single;
  const last = customer.purchases.at(-1) as Purchase;
  const whole = {
    transaction_id: `back-cdnow-${customer.id}`,
    customer_id: customer.id,
    occurred_at: late(last.occurredAt, 10),
  };
  return [...single, { event: 'chargeback', ...whole }];
}

function transactionId(customer: Customer, index: number): string {
  return `cdnow-${customer.id}-${index + 1}`;
}

/** Repeatable random numbers from 0 to 1 (mulberry32), not secure. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
