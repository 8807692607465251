// Builds the calls of one random history from random customers, events and reversals.
import { amend, against, assign, click, coupon, decide, event, reassign, type ApiStep } from './steps.ts';
import type { Decision, RandomCustomer, RandomEvent, RandomReversal } from './random-people.ts';

/** A call, its name, and the names of calls that must come before it. */
export interface Item {
  readonly name: string;
  readonly needs: readonly string[];
  readonly step: ApiStep;
}

export const HOUR = 3_600_000;
export const AFFILIATES = ['A', 'B', 'C', 'D'];

const money = (minor: number) => `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`;

interface Sent {
  readonly name: string;
  readonly customer: number;
  readonly at: number;
  readonly amount: number;
  readonly currency: string;
  readonly type: string;
  /** A deposit under the same transaction id. */
  readonly hasTwin: boolean;
}

interface Options {
  readonly now: number;
  readonly people: readonly RandomCustomer[];
  /** The hardest clawback of the history's deals. */
  readonly policy: string;
}

/** Builds the calls of one history. */
export class HistoryBuilder {
  readonly items: Item[] = [];
  private readonly sent: Sent[] = [];
  /** Events of customers without evidence, of which a person assigns one. */
  private readonly organic: { name: string; at: number; customer: number; decision: Decision }[] = [];
  private readonly options: Options;

  constructor(options: Options) {
    this.options = options;
  }

  private add(name: string, step: ApiStep, needs: readonly string[] = []): void {
    this.items.push({ name, needs, step });
  }

  private time(hoursAgo: number, index: number): number {
    // A second of its own for each event: ties in time would be broken by arrival.
    return Math.floor(this.options.now / 1000) * 1000 - hoursAgo * HOUR + index * 1000;
  }

  private who(index: number): RandomCustomer {
    return this.options.people[index]!;
  }

  /** A customer's click or coupon, the event that binds it, and where somebody moved it to. */
  customer(index: number): void {
    const { affiliate: owner, evidence, since, movesTo, movesAfter } = this.who(index);
    if (evidence === 'none') return;
    this.rivals(index);
    const of = AFFILIATES[owner]!;
    const at = new Date(this.time(since, 0)).toISOString();
    const { body, ...made } = click(`click${index}`, of, at);
    if (evidence === 'click') this.add(`why${index}`, { ...made, body: { ...body, click_id: `c-${index}` } });
    else this.add(`why${index}`, coupon(`code-${index}`, of));
    const more = evidence === 'click' ? { click_id: `c-${index}` } : { coupon: `code-${index}` };
    const registered = new Date(this.time(since, index + 1)).toISOString();
    if (!this.registers(index)) return;
    const registration = event('registration', `reg${index}`, { of: `u${index}`, at: registered, more });
    this.add(`reg${index}`, registration);
    if (movesTo === undefined || since - movesAfter < 2) return;
    const from = new Date(this.time(since - movesAfter, -1)).toISOString();
    this.add(`move${index}`, reassign(`u${index}`, AFFILIATES[movesTo]!, from), [
      `reg${index}`,
      `why${index}`,
    ]);
  }

  /** Further clicks of a customer. */
  private rivals(index: number): void {
    const { rivals, since } = this.who(index);
    for (const [place, { affiliate, hours }] of rivals.entries()) {
      const at = new Date(this.time(Math.max(3, since - hours), 0)).toISOString();
      const { body, ...made } = click(`rival${index}x${place + 1}`, AFFILIATES[affiliate]!, at);
      const click_id = `r-${index}-${place + 1}`;
      this.add(`rival${index}x${place + 1}`, { ...made, body: { ...body, click_id } });
    }
  }

  /** The click that an event names, if any. */
  private clickOf(customer: number, { names, rival }: RandomEvent): string | undefined {
    const { evidence, rivals } = this.who(customer);
    if (names === 'customer' || evidence === 'none') return undefined;
    if (rival > 0 && rival <= rivals.length) return `r-${customer}-${rival}`;
    return evidence === 'click' ? `c-${customer}` : undefined;
  }

  private registers(index: number): boolean {
    const { evidence, registers, movesTo } = this.who(index);
    if (evidence === 'none') return false;
    return registers || evidence === 'coupon' || movesTo !== undefined;
  }

  private timeOf({ customer: of, after, isAtMonthEnd }: RandomEvent, index: number): number {
    const { people, now } = this.options;
    const { since } = this.who(of % people.length);
    const at = this.time(Math.max(2, since - after), 100 + index);
    if (!isAtMonthEnd) return at;
    const today = new Date(now);
    const turn = Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), 1);
    return Math.min(at, turn + ((after % 28) - 14) * HOUR + index * 1000);
  }

  event(random: RandomEvent, index: number): void {
    const customer = random.customer % this.options.people.length;
    const { evidence } = this.who(customer);
    const at = this.timeOf(random, index);
    const clicked = this.clickOf(customer, random);
    const isTrade = random.type === 'trade';
    const isLoss = random.type === 'revenue' && random.isLoss && random.amount % 3 === 0;
    const name = `e${index}`;
    const hasAmount = !isTrade && random.type !== 'kyc';
    const names = {
      ...(random.names === 'click' && clicked !== undefined ? {} : { customer_id: `u${customer}` }),
      ...(clicked === undefined ? {} : { click_id: clicked }),
    };
    const { amount, currency, type } = random;
    const priced = hasAmount ? { amount: (isLoss ? '-' : '') + money(amount), currency } : {};
    const more = { ...names, ...(isTrade ? lotsOf(random) : {}), ...(hasAmount ? payoutOf(random) : {}) };
    this.add(name, event(type, name, { at: new Date(at).toISOString(), more, ...priced }));
    const twin = type === 'ftd' ? random.twin : undefined;
    if (twin !== undefined) this.twin(name, names, at + twin.after * HOUR, money(twin.amount), currency);
    if (hasAmount && !isLoss) {
      this.sent.push({ name, customer, at, amount, currency, type, hasTwin: twin !== undefined });
      if (random.amended !== undefined)
        this.add(`${name}-amended`, amend(name, { amount: money(random.amended) }), [name]);
    }
    const { decision } = random;
    if (evidence === 'none') this.organic.push({ name, at, customer, decision });
    else this.decide(name, decision, [name]);
  }

  /** The payment of an ftd, told again as a deposit under its transaction id. */
  private twin(
    of: string,
    names: Readonly<Record<string, string>>,
    at: number,
    amount: string,
    currency: string,
  ): void {
    const before = this.time(1, 700 + this.items.length);
    const occurred = new Date(Math.min(at, before) + 200).toISOString();
    const step = event('deposit', of, { at: occurred, amount, currency, more: names });
    this.add(`${of}-twin`, { ...step, as: `${of}-twin` });
  }

  private decide(name: string, wanted: Decision, needs: readonly string[]): void {
    if (wanted === 'none') return;
    const first = wanted === 'unvoid' ? 'void' : wanted === 'unreject' ? 'reject' : wanted;
    this.add(`${name}-${first}`, decide(first, name), needs);
    if (first !== wanted) this.add(`${name}-${wanted}`, decide(wanted, name), [`${name}-${first}`]);
  }

  /** Gives one orphan of each customer without evidence to the affiliate. */
  assignments(): void {
    for (const [index, { affiliate, assigned, assignedFrom }] of this.options.people.entries()) {
      const orphans = this.organic.filter(({ customer }) => customer === index);
      const chosen = orphans[assigned % Math.max(1, orphans.length)];
      for (const { name, at, decision } of orphans) {
        const isChosen = name === chosen!.name;
        const from =
          assignedFrom === undefined ? undefined : new Date(at - assignedFrom * HOUR).toISOString();
        const fields = from === undefined ? {} : { from };
        if (isChosen) this.add(`${name}-assigned`, assign(name, AFFILIATES[affiliate]!, fields), [name]);
        this.decide(name, decision, isChosen ? [`${name}-assigned`] : [name]);
      }
    }
  }

  reversal(random: RandomReversal, index: number): void {
    const original = this.sent[random.of % Math.max(1, this.sent.length)];
    if (original === undefined) return;
    const name = `x${index}`;
    const at = Math.min(original.at + random.after * HOUR, this.time(1, 0)) + (500 + 2 * index) * 1000;
    const { type } = random;
    const isByCustomer =
      random.isByCustomer && (type === 'fraud' || type === 'bonus_abuse' || type === 'account_closure');
    // Under full clawback an amount decides nothing of a named conversion, and is left out.
    const hasAmount =
      type === 'refund' ||
      type === 'bonus_abuse' ||
      (type === 'chargeback' && this.options.policy !== 'full');
    const amount = hasAmount
      ? {
          amount: money(Math.max(1, Math.floor((original.amount * random.share) / 100))),
          currency: original.currency,
        }
      : {};
    const fields = { at: new Date(at).toISOString(), ...amount };
    const one = original.hasTwin && random.isOfOne ? { more: { reference_event: 'ftd' } } : {};
    const step = isByCustomer
      ? event(type, name, { ...fields, of: `u${original.customer}` })
      : against(type, name, original.name, { ...fields, ...one });
    this.add(name, step);
    if (random.decision !== 'none') this.decide(name, random.decision, [name]);
    if (random.win === undefined || type !== 'chargeback') return;
    const later = new Date(Math.min(at + random.win.after * HOUR, this.time(0, -1)) + 1000).toISOString();
    this.add(
      `w${index}`,
      against('chargeback_won', `w${index}`, random.win.names ? name : original.name, { at: later }),
    );
  }
}

const lotsOf = ({ volume, symbol }: RandomEvent) => ({
  volume,
  ...(symbol === undefined ? {} : { symbol }),
});

function payoutOf({ payout, payoutCurrency }: RandomEvent) {
  if (payout === undefined) return {};
  return {
    payout: money(payout),
    ...(payoutCurrency === undefined ? {} : { payout_currency: payoutCurrency }),
  };
}
