// Works out what reversals take from each conversion, as a share of it between nothing and all.
// Reversals and wins are taken in the order in which they happened, so that the order of arrival
// does not matter.
import { clawbackDays, DAY, policyOf, rateAt, timeOf } from './agreements.ts';
import { isReversal } from './attribution.ts';
import {
  add,
  decimal,
  divide,
  exponentOf,
  fraction,
  isLess,
  larger,
  multiply,
  ONE,
  round,
  smaller,
  subtract,
  total,
  ZERO,
} from './exact.ts';
import type { Fraction } from './exact.ts';
import { byTime, type Rated } from './rated.ts';
import type { EventOutcome, ReversalType, World, WorldEvent } from './world.ts';

/** What is left of one reversal against one conversion, as a share of the conversion. */
interface Strike {
  readonly reversal: Timed;
  share: Fraction;
}

interface Timed {
  readonly event: WorldEvent;
  readonly at: number;
  readonly seq: number;
}

export interface Reversed {
  /** By conversion: the share that is reversed. */
  readonly shares: ReadonlyMap<string, Fraction>;
  readonly outcomes: ReadonlyMap<string, EventOutcome>;
}

const SETTLED: EventOutcome = { status: 'settled' };
const settledBecause = (reason: string): EventOutcome => ({ status: 'settled', reason });

const typeOf = (event: WorldEvent) => event.event as ReversalType;
const amountOf = (event: WorldEvent): Fraction => (event.amount === undefined ? ZERO : decimal(event.amount));

class Reversals {
  readonly strikes = new Map<string, Strike[]>();
  readonly outcomes = new Map<string, EventOutcome>();
  private readonly world: World;
  private readonly conversions: readonly Rated[];
  private readonly subject: ReadonlyMap<string, string>;

  constructor(world: World, conversions: readonly Rated[], subject: ReadonlyMap<string, string>) {
    this.world = world;
    this.conversions = conversions;
    this.subject = subject;
  }

  private strikesOn(conversion: Rated): Strike[] {
    return this.strikes.get(conversion.event.id) ?? [];
  }

  shareOf(conversion: Rated): Fraction {
    const active = this.strikesOn(conversion).filter(({ share }) => isLess(ZERO, share));
    const policies = active.map(({ reversal }) => policyOf(conversion.terms, typeOf(reversal.event)));
    if (policies.includes('full')) return ONE;
    return smaller(
      ONE,
      total(active.filter((_, index) => policies[index] === 'proportional').map((each) => each.share)),
    );
  }

  private named(event: WorldEvent): Rated[] {
    const type = event.reference_event;
    return this.conversions.filter((conversion) => {
      const original = conversion.event;
      if (type !== undefined && original.event !== type) return false;
      if (original.transaction_id !== undefined) return original.transaction_id === event.reference;
      return type !== undefined && (original.customer_id ?? original.click_id) === event.reference;
    });
  }

  /** Conversions of the person that had happened by then, of the type that is named. */
  private ofSubject(reversal: Timed): Rated[] {
    const subject = this.subject.get(reversal.event.id);
    return this.conversions.filter(
      (conversion) =>
        conversion.subject === subject &&
        conversion.at <= reversal.at &&
        (reversal.event.reference_event === undefined ||
          conversion.event.event === reversal.event.reference_event),
    );
  }

  /** A sum of the reversal as a share of a conversion; undefined where a rate is missing. */
  private shareFor(event: WorldEvent, amount: Fraction, conversion: Rated): Fraction | undefined {
    const rate = this.rateTo(event, conversion);
    if (rate === undefined) return undefined;
    const whole = amountOf(conversion.event);
    return isLess(ZERO, whole) ? smaller(ONE, divide(multiply(amount, rate), whole)) : ONE;
  }

  private rateTo(event: WorldEvent, conversion: Rated): Fraction | undefined {
    const [from, to] = [event.currency, conversion.event.currency];
    if (from === undefined || to === undefined || from === to) return ONE;
    return rateAt(this.world, from, to, timeOf(event.occurred_at));
  }

  private strike(reversal: Timed, conversion: Rated, share: Fraction): void {
    this.strikes.set(conversion.event.id, [...this.strikesOn(conversion), { reversal, share }]);
  }

  apply(reversal: Timed): EventOutcome {
    const { event } = reversal;
    if (event.event === 'chargeback_won') return this.win(reversal);
    const isNamed = event.reference !== undefined;
    const found = isNamed ? this.named(event) : this.ofSubject(reversal);
    if (found.length === 0) return { status: 'orphaned', reason: 'no_conversion' };
    const own = isNamed ? found.filter((conversion) => !this.contradicts(event, conversion)) : found;
    if (own.length === 0) return { status: 'set_aside', reason: 'customer_mismatch' };
    const reason = this.vain(reversal, own, isNamed);
    const reached = own.filter((conversion) => this.reaches(reversal, conversion, isNamed));
    const outcome =
      isNamed || event.amount === undefined
        ? this.each(reversal, reached)
        : this.latestFirst(reversal, reached);
    return reason !== undefined && outcome.status === 'settled' ? settledBecause(reason) : outcome;
  }

  private contradicts(event: WorldEvent, conversion: Rated): boolean {
    const customer = event.customer_id;
    return (
      customer !== undefined &&
      conversion.subject.startsWith('customer ') &&
      conversion.subject !== `customer ${customer}`
    );
  }

  private isInWindow(reversal: Timed, conversion: Rated): boolean {
    return reversal.at - conversion.at <= clawbackDays(conversion.terms) * DAY;
  }

  private reaches(reversal: Timed, conversion: Rated, isNamed: boolean): boolean {
    if (policyOf(conversion.terms, typeOf(reversal.event)) === 'none') return false;
    return isNamed || this.isInWindow(reversal, conversion);
  }

  /** Why a reversal changes nothing, where all its conversions agree on the reason. */
  private vain(reversal: Timed, found: readonly Rated[], isNamed: boolean): string | undefined {
    const all = (holds: (conversion: Rated) => boolean) => found.every(holds);
    if (all(({ terms }) => policyOf(terms, typeOf(reversal.event)) === 'none')) return 'not_clawed_back';
    if (!isNamed && all((conversion) => !this.isInWindow(reversal, conversion))) return 'too_old';
    if (all(({ components, payout }) => components.length === 0 && payout === undefined))
      return 'nothing_to_reverse';
    if (all((conversion) => !isLess(this.shareOf(conversion), ONE))) return 'already_reversed';
    return undefined;
  }

  /** Every conversion by the reversal's amount, or wholly where it has none. */
  private each(reversal: Timed, reached: readonly Rated[]): EventOutcome {
    const { event } = reversal;
    const shares = reached.map((conversion) =>
      event.amount === undefined ? ONE : this.shareFor(event, amountOf(event), conversion),
    );
    if (shares.includes(undefined)) return { status: 'set_aside', reason: 'no_exchange_rate' };
    for (const [index, conversion] of reached.entries()) this.strike(reversal, conversion, shares[index]!);
    return SETTLED;
  }

  /**
   * The latest conversions first, those of the same currency before others, by what is left of
   * each. One that lacks a rate is passed over, and the reversal waits with what it did not take.
   */
  private latestFirst(reversal: Timed, reached: readonly Rated[]): EventOutcome {
    const { event } = reversal;
    const isForeign = (conversion: Rated) => (conversion.event.currency === event.currency ? 0 : 1);
    const order = reached
      .filter((conversion) => isLess(ZERO, amountOf(conversion.event)))
      .sort((a, b) => isForeign(a) - isForeign(b) || byTime(b, a));
    let rest = amountOf(event);
    let isWaiting = false;
    const taken: { conversion: Rated; share: Fraction }[] = [];
    for (const conversion of order.filter((each) => !order.some((other) => isAgain(each, other)))) {
      if (!isLess(ZERO, rest)) break;
      const payment = [conversion, ...order.filter((each) => isAgain(each, conversion))]
        .map((each) => ({ each, whole: amountOf(each.event), left: this.leftOf(each) }))
        .filter(({ left }) => isLess(ZERO, left));
      if (payment.length === 0) continue;
      const left = payment.map((each) => each.left).reduce(larger);
      const rate = this.rateTo(event, conversion);
      if (rate === undefined) {
        isWaiting = true;
        continue;
      }
      const taking = smaller(left, multiply(rest, rate));
      const largest = payment.map(({ whole }) => whole).reduce(larger);
      for (const { each, whole, left: own } of payment) {
        const part = this.inMoney(multiply(whole, divide(taking, largest)), each);
        taken.push({ conversion: each, share: divide(smaller(own, part), whole) });
      }
      rest = subtract(rest, divide(taking, rate));
    }
    for (const { conversion, share } of taken) this.strike(reversal, conversion, share);
    return isWaiting ? { status: 'set_aside', reason: 'no_exchange_rate' } : SETTLED;
  }

  /** What earlier reversals left of a conversion's amount. */
  private leftOf(conversion: Rated): Fraction {
    const before = total(this.strikesOn(conversion).map(({ share }) => share));
    return multiply(amountOf(conversion.event), larger(ZERO, subtract(ONE, before)));
  }

  /** An amount in whole smallest units of a conversion's currency. */
  private inMoney(amount: Fraction, { event }: Rated): Fraction {
    const units =
      10n ** BigInt(exponentOf(event.currency ?? this.world.operator.currency, this.world.currencies));
    return fraction(round(multiply(amount, fraction(units)), 'half_even'), units);
  }

  /**
   * A win gives back chargebacks before it: the one that it names, or the oldest first, up to its
   * amount.
   */
  private win(win: Timed): EventOutcome {
    const { event } = win;
    const named = event.reference === undefined ? this.ofSubject(win) : this.named(event);
    const targets =
      named.length > 0 ? named : this.conversions.filter((each) => this.isStruckBy(each, event));
    if (targets.length === 0) return { status: 'orphaned', reason: 'no_conversion' };
    const isOfChargeback = named.length === 0;
    for (const conversion of targets) {
      let rest = event.amount === undefined ? undefined : this.shareFor(event, amountOf(event), conversion);
      for (const strike of this.strikesOn(conversion)) {
        if (strike.reversal.event.event !== 'chargeback') continue;
        if (isOfChargeback && strike.reversal.event.transaction_id !== event.reference) continue;
        const back = rest === undefined ? strike.share : smaller(strike.share, rest);
        strike.share = subtract(strike.share, back);
        if (rest !== undefined) rest = subtract(rest, back);
      }
    }
    return SETTLED;
  }

  private isStruckBy(conversion: Rated, win: WorldEvent): boolean {
    return this.strikesOn(conversion).some(
      ({ reversal: { event } }) => event.event === 'chargeback' && event.transaction_id === win.reference,
    );
  }
}

/** Whether a deposit is a first deposit, told once more under its transaction id. */
const isAgain = ({ event: deposit }: Rated, { event: first }: Rated): boolean =>
  deposit.event === 'deposit' &&
  first.event === 'ftd' &&
  deposit.transaction_id !== undefined &&
  deposit.transaction_id === first.transaction_id &&
  deposit.currency === first.currency;

/** Applies all reversals of a world that are in the books to the conversions that were rated. */
export function reverse(
  world: World,
  conversions: readonly Rated[],
  subject: ReadonlyMap<string, string>,
): Reversed {
  const reversals = new Reversals(world, conversions, subject);
  const timed = world.events
    .map((event, seq) => ({ event, seq, at: timeOf(event.occurred_at) }))
    .filter(({ event }) => !event.voided && isReversal(event))
    .sort(byTime);
  for (const reversal of timed) reversals.outcomes.set(reversal.event.id, reversals.apply(reversal));
  const shares = new Map(
    conversions.map((conversion) => [
      conversion.event.id,
      conversion.event.rejected ? ONE : reversals.shareOf(conversion),
    ]),
  );
  return { shares, outcomes: reversals.outcomes };
}

/**
 * What a share leaves of a sum: the reversed part is rounded, not the rest, so that refunds in
 * thirds add up.
 */
export function leftOf(sum: bigint, share: Fraction, rounded: (value: Fraction) => bigint): bigint {
  return sum - rounded(multiply(fraction(sum), share));
}

export const remains = (share: Fraction): boolean => isLess(share, ONE);
export const restOf = (share: Fraction): Fraction => add(ONE, multiply(fraction(-1n), share));
