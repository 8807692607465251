// Random histories of up to 300 events in which no result depends on the order of arrival: every
// customer has one click or coupon, so nobody rivals for it. `arrange` brings a history's calls
// into any order that makes sense.
/* oxlint-disable unicorn/no-useless-spread -- groups fields and steps that belong together on a line */
import fc from 'fast-check';
import {
  affiliate,
  amend,
  change,
  click,
  coupon,
  deal,
  decide,
  event,
  newOperator,
  operator,
} from './steps.ts';
import { against, rate, reassign, version, type ApiStep } from './steps.ts';
import { numbers, skeletons, termsOf, versions, type RandomVersion, type Skeleton } from './random-terms.ts';
import { generator } from '../generator.ts';
import type { Terms } from './world.ts';

/** A call, its name, and the names of calls that must come before it. */
export interface Item {
  readonly name: string;
  readonly needs: readonly string[];
  readonly step: ApiStep;
}

export interface History {
  /** What comes first, in this order: operator, affiliates, deals, rates. */
  readonly setup: readonly ApiStep[];
  readonly items: readonly Item[];
}

const HOURS = 24 * 80;
const AFFILIATES = ['A', 'B', 'C', 'D'];
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Auckland', 'Asia/Kathmandu'];
const HOUR = 3_600_000;

/** Mostly nothing. */
const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const customers = fc.record({
  affiliate: fc.nat(3),
  evidence: fc.constantFrom('click', 'click', 'coupon'),
  /** Hours ago that the customer clicked, or sent the coupon. */
  since: fc.integer({ min: 48, max: HOURS }),
  /**
   * Whether a registration names the click; otherwise only what other events name binds the
   * customer.
   */
  registers: fc.boolean(),
  movesTo: seldom(fc.nat(3)),
  movesAfter: fc.integer({ min: 3, max: 400 }),
});

const DECISIONS = ['none', 'none', 'none', 'none', 'none', 'void', 'unvoid', 'reject', 'unreject'] as const;
const TYPES = ['ftd', 'deposit', 'revenue', 'revenue', 'trade', 'sale', 'kyc'] as const;

const events = fc.record({
  customer: fc.nat(),
  type: fc.constantFrom(...TYPES),
  /** Hours after the click or coupon; below zero the event is nobody's. */
  after: fc.integer({ min: -30, max: 1500 }),
  isAtMonthEnd: fc.integer({ min: 0, max: 7 }).map((value) => value === 0),
  amount: fc.integer({ min: 1, max: 300_000 }),
  isLoss: fc.boolean(),
  currency: fc.constantFrom('USD', 'USD', 'USD', 'EUR'),
  names: fc.constantFrom('customer', 'both', 'click'),
  volume: fc.constantFrom('0.01', '0.5', '1', '2.25', '7'),
  symbol: fc.constantFrom<string | undefined>('XAUUSD', 'EURUSD'),
  payout: seldom(fc.integer({ min: 0, max: 5000 })),
  amended: seldom(fc.integer({ min: 1, max: 300_000 })),
  decision: fc.constantFrom(...DECISIONS),
});

const reversals = fc.record({
  of: fc.nat(),
  type: fc.constantFrom('chargeback', 'chargeback', 'refund', 'fraud', 'bonus_abuse'),
  share: fc.integer({ min: 1, max: 120 }),
  after: fc.integer({ min: 1, max: 1000 }),
  isByCustomer: fc.boolean(),
  win: fc.option(fc.record({ after: fc.integer({ min: 1, max: 200 }), names: fc.boolean() }), {
    nil: undefined,
  }),
  decision: fc.constantFrom('none', 'none', 'none', 'void', 'unvoid'),
});

export type RandomEvent = typeof events extends fc.Arbitrary<infer T> ? T : never;
type RandomCustomer = typeof customers extends fc.Arbitrary<infer T> ? T : never;
type RandomReversal = typeof reversals extends fc.Arbitrary<infer T> ? T : never;

const money = (minor: number) => `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`;

/** Builds the calls of one history. */
class HistoryBuilder {
  readonly items: Item[] = [];
  readonly sent: {
    name: string;
    customer: number;
    at: number;
    amount: number;
    currency: string;
    type: string;
  }[] = [];
  private readonly now: number;
  private readonly people: readonly RandomCustomer[];
  private readonly policy: string;

  constructor(now: number, people: readonly RandomCustomer[], policy: string) {
    [this.now, this.people, this.policy] = [now, people, policy];
  }

  private add(name: string, step: ApiStep, needs: readonly string[] = []): void {
    this.items.push({ name, needs, step });
  }

  private time(hoursAgo: number, index: number): number {
    // A second of its own for each event: ties in time would be broken by arrival.
    return Math.floor(this.now / 1000) * 1000 - hoursAgo * HOUR + index * 1000;
  }

  /** A customer's click or coupon, the event that binds it, and where somebody moved it to. */
  customer(index: number): void {
    const { affiliate: owner, evidence, since, movesTo, movesAfter } = this.people[index]!;
    const of = AFFILIATES[owner]!;
    const at = new Date(this.time(since, 0)).toISOString();
    const { body, ...made } = click(`click${index}`, of, at);
    if (evidence === 'click') this.add(`why${index}`, { ...made, body: { ...body, click_id: `c-${index}` } });
    else this.add(`why${index}`, coupon(`code-${index}`, of));
    const more = evidence === 'click' ? { click_id: `c-${index}` } : { coupon: `code-${index}` };
    const registered = new Date(this.time(since, index + 1)).toISOString();
    if (!this.registers(index)) return;
    this.add(`reg${index}`, event('registration', `reg${index}`, { of: `u${index}`, at: registered, more }));
    if (movesTo === undefined || since - movesAfter < 2) return;
    const from = new Date(this.time(since - movesAfter, -1)).toISOString();
    this.add(`move${index}`, reassign(`u${index}`, AFFILIATES[movesTo]!, from), [
      `reg${index}`,
      `why${index}`,
    ]);
  }

  private registers(index: number): boolean {
    const { evidence, registers, movesTo } = this.people[index]!;
    return registers || evidence === 'coupon' || movesTo !== undefined;
  }

  event(random: RandomEvent, index: number): void {
    const customer = random.customer % this.people.length;
    const { since, evidence } = this.people[customer]!;
    const hoursAgo = Math.max(2, since - random.after);
    let at = this.time(hoursAgo, 100 + index);
    if (random.isAtMonthEnd) {
      const today = new Date(this.now);
      const turn = Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), 1);
      at = Math.min(at, turn + ((random.after % 28) - 14) * HOUR + index * 1000);
    }
    const isClickOnly = random.names === 'click' && evidence === 'click';
    const isNamed = evidence === 'click' && random.names !== 'customer';
    const isTrade = random.type === 'trade';
    const isLoss = random.type === 'revenue' && random.isLoss && random.amount % 3 === 0;
    const name = `e${index}`;
    const hasAmount = !isTrade && random.type !== 'kyc';
    const values = {
      ...(isNamed ? { click_id: `c-${customer}` } : {}),
      ...(isTrade
        ? { volume: random.volume, ...(random.symbol === undefined ? {} : { symbol: random.symbol }) }
        : {}),
      ...(random.payout === undefined || !hasAmount ? {} : { payout: money(random.payout) }),
    };
    this.add(
      name,
      event(random.type, name, {
        ...(isClickOnly ? {} : { of: `u${customer}` }),
        at: new Date(at).toISOString(),
        more: values,
        ...(hasAmount
          ? {
              amount: (isLoss ? '-' : '') + money(random.amount),
              currency: random.currency,
            }
          : {}),
      }),
    );
    if (hasAmount && !isLoss) {
      const { amount, currency, type } = random;
      this.sent.push({ name, customer, at, amount, currency, type });
      if (random.amended !== undefined)
        this.add(`${name}-amended`, amend(name, { amount: money(random.amended) }), [name]);
    }
    // What is nobody's cannot be rejected.
    if (random.after > 0 && !random.isAtMonthEnd && this.registers(customer))
      this.decide(name, customer, random.decision);
    else if (random.decision === 'void') this.decide(name, customer, 'void');
  }

  private decide(name: string, customer: number, decision: (typeof DECISIONS)[number]): void {
    if (decision === 'none') return;
    const first = decision === 'unvoid' ? 'void' : decision === 'unreject' ? 'reject' : decision;
    const needs = [name, `why${customer}`, `reg${customer}`];
    this.add(`${name}-${first}`, decide(first, name), needs);
    if (first !== decision) this.add(`${name}-${decision}`, decide(decision, name), [`${name}-${first}`]);
  }

  reversal(random: RandomReversal, index: number): void {
    const original = this.sent[random.of % Math.max(1, this.sent.length)];
    if (original === undefined) return;
    const name = `x${index}`;
    const at = Math.min(original.at + random.after * HOUR, this.time(1, 0)) + (500 + 2 * index) * 1000;
    const isByCustomer = random.isByCustomer && (random.type === 'fraud' || random.type === 'bonus_abuse');
    // Under full clawback an amount decides nothing of a named conversion, and is left out.
    const hasAmount =
      random.type === 'refund' ||
      random.type === 'bonus_abuse' ||
      (random.type === 'chargeback' && this.policy !== 'full');
    const amount = hasAmount
      ? {
          amount: money(Math.max(1, Math.floor((original.amount * random.share) / 100))),
          currency: original.currency,
        }
      : {};
    const fields = { at: new Date(at).toISOString(), ...amount };
    const step = isByCustomer
      ? event(random.type, name, { ...fields, of: `u${original.customer}` })
      : against(random.type, name, original.name, fields);
    this.add(name, step);
    if (random.decision === 'void') this.add(`${name}-void`, decide('void', name), [name]);
    if (random.decision === 'unvoid') {
      this.add(`${name}-void`, decide('void', name), [name]);
      this.add(`${name}-unvoid`, decide('unvoid', name), [`${name}-void`]);
    }
    if (random.win === undefined || random.type !== 'chargeback') return;
    const later = new Date(Math.min(at + random.win.after * HOUR, this.time(0, -1)) + 1000).toISOString();
    this.add(
      `w${index}`,
      against('chargeback_won', `w${index}`, random.win.names ? name : original.name, { at: later }),
    );
  }
}

/**
 * Versions of a deal in order of their start; a version without rates says the former terms again.
 */
function versionSteps(
  of: string,
  skeleton: Skeleton,
  first: Terms,
  later: readonly RandomVersion[],
  now: number,
): Item[] {
  let terms = first;
  return [...later]
    .sort((a, b) => b.daysAgo - a.daysAgo)
    .map(({ rates, daysAgo, isForNewCustomers }, index) => {
      if (rates !== undefined) terms = termsOf(skeleton, rates);
      const from = new Date(now - daysAgo * 24 * HOUR).toISOString();
      const fields = isForNewCustomers && rates !== undefined ? { applies_to: 'new_customers' } : {};
      return { name: `${of}-v${index}`, needs: [], step: version(terms as never, from, fields, of) };
    });
}

const randoms = (count: number) =>
  fc.record({
    zone: fc.constantFrom(...ZONES),
    skeleton: skeletons,
    first: numbers,
    later: versions,
    own: fc.option(
      fc.record({ skeleton: skeletons, first: numbers, daysAgo: fc.integer({ min: 5, max: 80 }) }),
      { nil: undefined },
    ),
    people: fc.array(customers, { minLength: 2, maxLength: 12, size: 'max' }),
    events: fc.array(events, { minLength: 3, maxLength: count, size: 'max' }),
    reversals: fc.array(reversals, { maxLength: Math.ceil(count / 4), size: 'max' }),
    parents: fc.array(
      fc.record({
        of: fc.integer({ min: 1, max: 3 }),
        daysAgo: fc.integer({ min: 1, max: 80 }),
        gone: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
    corrected: fc.boolean(),
    pays: fc.boolean(),
  });

type Random = ReturnType<typeof randoms> extends fc.Arbitrary<infer T> ? T : never;

/** Random histories of so many events that end at `now`. */
export function histories(now: number, options: { events?: number } = {}): fc.Arbitrary<History> {
  return randoms(options.events ?? 60).map((random) => historyFrom(random, now));
}

function historyFrom(random: Random, now: number): History {
  const policy = [random.skeleton.policy, random.own?.skeleton.policy].includes('full')
    ? 'full'
    : 'proportional';
  // No rule says since when a customer who was moved counts as bound, so cohorts have no moves.
  const hasCohorts = random.later.some(({ isForNewCustomers }) => isForNewCustomers);
  const people = random.people.map((each) => (hasCohorts ? { ...each, movesTo: undefined } : each));
  const builder = new HistoryBuilder(now, people, policy);
  for (const index of people.keys()) builder.customer(index);
  for (const [index, each] of random.events.entries()) builder.event(each, index);
  for (const [index, each] of random.reversals.entries()) builder.reversal(each, index);
  const first = termsOf(random.skeleton, random.first);
  const items = [...builder.items, ...versionSteps('Z', random.skeleton, first, random.later, now)];
  items.push(...parentSteps(random.parents, now));
  const asOf = new Date(now - 45 * 24 * HOUR).toISOString();
  if (random.corrected) items.push({ name: 'rate', needs: [], step: rate('EUR', 'USD', '1.0825', asOf) });
  const body = { affiliate_id: '$A', currency: 'USD' };
  if (random.pays)
    items.push({ name: 'pay', needs: [], step: { method: 'POST', path: '/v1/payouts', body } });
  return { setup: setupOf(random, first, now), items };
}

function parentSteps(
  parents: readonly { of: number; daysAgo: number; gone: boolean }[],
  now: number,
): Item[] {
  const seen = new Set<string>();
  return parents.flatMap(({ of, daysAgo, gone }, index) => {
    const name = AFFILIATES[of]!;
    if (seen.has(name)) return [];
    seen.add(name);
    const since = new Date(now - daysAgo * 24 * HOUR).toISOString();
    const step = change(name, { parent_id: gone ? null : '$A', parent_since: since });
    return [{ name: `parent${index}`, needs: [], step }];
  });
}

function setupOf(random: Random, first: Terms, now: number): ApiStep[] {
  const rates = [120, 90, 70, 45, 20].map((days, index) =>
    rate('EUR', 'USD', `1.${10 + index}`, new Date(now - days * 24 * HOUR).toISOString()),
  );
  const own = random.own;
  return [
    ...[newOperator({ currency: 'USD', timezone: random.zone }), operator({ click_window_days: 365 })],
    ...[
      affiliate('A'),
      affiliate('B', { parent_id: '$A' }),
      affiliate('C', { parent_id: '$B' }),
      affiliate('D'),
    ],
    ...[
      deal(first as never, { effective_from: new Date(now - 200 * 24 * HOUR).toISOString() }, 'Z'),
      ...rates,
    ],
    ...(own === undefined
      ? []
      : [
          deal(
            termsOf(own.skeleton, own.first) as never,
            { affiliate_id: '$D', effective_from: new Date(now - own.daysAgo * 24 * HOUR).toISOString() },
            'OWN',
          ),
        ]),
  ];
}

/** The history's calls in an order that the seed decides: whatever a call needs comes before it. */
export function arrange({ setup, items }: History, seed: number): ApiStep[] {
  const next = generator(seed);
  const waiting = items.map((item) => ({ item, place: next() })).sort((a, b) => a.place - b.place);
  const done = new Set<string>();
  const ordered: ApiStep[] = [];
  while (waiting.length > 0) {
    const index = waiting.findIndex(({ item }) => item.needs.every((name) => done.has(name)));
    const [{ item }] = waiting.splice(index, 1) as [{ item: Item; place: number }];
    done.add(item.name);
    ordered.push(item.step);
  }
  return [...setup, ...ordered];
}
