// The month before the demo's first day: clicks, customers, trades, reversals and a payout of the
// last 30 days, sent through the public API as the back-fill of an operator would be. The same
// every time, but for the days.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from './demo-caller.ts';

export interface Promoted {
  id: string;
  linkId: string;
}

type Event = { event: string; occurred_at: string } & Record<string, unknown>;
/** Numbers from 0 to 1, not included, always the same. */
type Chance = () => number;
/** What a customer does after registering on a day, `day` days ago. */
type Story = (customer: string, day: number, chance: Chance) => Event[];

const DAY_MS = 86_400_000;
const DAYS = 30;
/** Clicks are sent one by one; the API stores those that arrive together in one go. */
const CLICKS_AT_ONCE = 16;
const SETTLED_WITHIN_MS = 15_000;

/** Days for which the demo's commissions stay pending, so that the first ones are payable. */
export const HOLD_DAYS = 14;

/** Early enough for the deals of every event of the month. */
export const dealsStartAt = (): string => timeBefore(DAYS + 10);

/**
 * Sends the month and pays its first half out to one affiliate. Returns once all is settled.
 * Throws when the API refuses a request.
 */
export async function sendMonth(
  api: Caller,
  { buyers, traders }: { buyers: Promoted; traders: Promoted },
): Promise<void> {
  const chance = chanceFrom(26);
  const bought = await customersOf(api, buyers, { clicks: 60, customers: 24, story: buys, chance });
  const traded = await customersOf(api, traders, { clicks: 40, customers: 12, story: trades, chance });
  const events = [...bought, ...reversalsOf(bought), ...traded, ORPHAN].toSorted((a, b) =>
    a.occurred_at.localeCompare(b.occurred_at),
  );
  await api.post('/v1/events/batch', { events });
  await settled(api);
  await api.post('/v1/holds/release', {});
  const payout = await api.post<{ id: string }>('/v1/payouts', { affiliate_id: buyers.id, currency: 'USD' });
  await api.post(`/v1/payouts/${payout.id}/confirm`, { external_reference: 'SEPA-DEMO-1' });
}

/** Nothing says which affiliate brought this customer. */
const ORPHAN: Event = {
  event: 'ftd',
  transaction_id: 'month-orphan',
  customer_id: 'walk-in',
  amount: '150.00',
  currency: 'USD',
  occurred_at: timeBefore(3),
};

/**
 * Sends the clicks of an affiliate's link. The first ones become customers, whose events it
 * returns.
 */
async function customersOf(
  api: Caller,
  { linkId }: Promoted,
  { clicks, customers, story, chance }: { clicks: number; customers: number; story: Story; chance: Chance },
): Promise<Event[]> {
  const days = Array.from({ length: clicks }, () => 1 + chance() * (DAYS - 1));
  const ids: string[] = [];
  for (let at = 0; at < days.length; at += CLICKS_AT_ONCE) {
    const sent = days.slice(at, at + CLICKS_AT_ONCE).map((day, index) =>
      api.post<{ click_id: string }>('/v1/clicks', {
        link_id: linkId,
        clicked_at: timeBefore(day),
        sub1: SUBS[(at + index) % SUBS.length],
      }),
    );
    ids.push(...(await Promise.all(sent)).map(({ click_id: clickId }) => clickId));
  }
  return ids.slice(0, customers).flatMap((clickId, index) => {
    const day = days[index]!;
    const customer = `month-${linkId.slice(-4)}-${index + 1}`;
    return [
      {
        event: 'registration',
        click_id: clickId,
        customer_id: customer,
        occurred_at: timeBefore(day - 0.01),
      },
      ...story(customer, day, chance),
    ];
  });
}

const SUBS = ['campaign_spring', 'newsletter_42', 'video', 'review'];
const DEPOSITS = ['50.00', '100.00', '250.00', '500.00', '1000.00'];
const CHALLENGES = ['99.00', '299.00', '499.00'];

/** Most deposit within the day, and some buy a challenge. */
function buys(customer: string, day: number, chance: Chance): Event[] {
  const customerId = { customer_id: customer, currency: 'USD' };
  const events: Event[] = [];
  if (chance() < 0.8)
    events.push({
      event: 'ftd',
      transaction_id: `${customer}-d`,
      ...customerId,
      amount: one(DEPOSITS, chance),
      occurred_at: timeBefore(day * 0.95),
    });
  if (chance() < 0.5)
    events.push({
      event: 'challenge_purchase',
      transaction_id: `${customer}-c`,
      ...customerId,
      amount: one(CHALLENGES, chance),
      occurred_at: timeBefore(day * 0.7),
    });
  return events;
}

/** A first deposit, then trades and the revenue from them; some weeks cost the operator money. */
function trades(customer: string, day: number, chance: Chance): Event[] {
  const events: Event[] = [
    {
      event: 'ftd',
      transaction_id: `${customer}-d`,
      customer_id: customer,
      amount: one(DEPOSITS, chance),
      currency: 'USD',
      occurred_at: timeBefore(day * 0.98),
    },
  ];
  for (let [left, number] = [day * 0.95, 1]; left > 0.1; left -= 1 + chance() * 2, number++) {
    events.push({
      event: 'trade',
      transaction_id: `${customer}-t${number}`,
      customer_id: customer,
      volume: (0.1 + chance() * 4).toFixed(2),
      symbol: one(['EURUSD', 'XAUUSD', 'US500'], chance),
      occurred_at: timeBefore(left),
    });
    if (number % 3 === 0)
      events.push({
        event: 'revenue',
        transaction_id: `${customer}-r${number}`,
        customer_id: customer,
        amount: (chance() * 140 - 30).toFixed(2),
        currency: 'USD',
        occurred_at: timeBefore(left * 0.99),
      });
  }
  return events;
}

/** One deposit is charged back, and one challenge is refunded. */
function reversalsOf(events: readonly Event[]): Event[] {
  const [deposit] = events.filter(({ event, amount }) => event === 'ftd' && Number(amount) >= 100);
  const [challenge] = events.filter(({ event }) => event === 'challenge_purchase');
  return [
    { kind: 'chargeback', of: deposit },
    { kind: 'refund', of: challenge },
  ].flatMap(({ kind, of }) =>
    of === undefined
      ? []
      : [
          {
            event: kind,
            transaction_id: `${String(of['transaction_id'])}-${kind}`,
            reference: of['transaction_id'],
            customer_id: of['customer_id'],
            amount: of['amount'],
            currency: 'USD',
            occurred_at: timeBefore(0.2),
          },
        ],
  );
}

/** Waits until no event is unsettled. */
async function settled(api: Caller): Promise<void> {
  const until = Date.now() + SETTLED_WITHIN_MS;
  while (Date.now() < until) {
    const { data } = await api.get<{ data: unknown[] }>('/v1/events?status=accepted&limit=1');
    if (data.length === 0) return;
    await sleep(100);
  }
}

function timeBefore(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString();
}

function one<Item>(items: readonly Item[], chance: Chance): Item {
  return items[Math.floor(chance() * items.length)]!;
}

/** A linear congruential generator, since the demo should look alike everywhere. */
function chanceFrom(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
