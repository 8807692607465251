// What a history of events should have earned, by a model that looks at the whole history at once and knows no slots, batches or deltas.
import type { Rounding } from '../../domain/money.ts';
import type { ConversionEvent } from '../../domain/types.ts';
import { DAY_MS } from './builders.ts';

/** One version of the model's deal: a CPA on first deposits, a share of revenue, a percentage of sales, a payment per lot. */
export type ModelDeal = {
  from: number;
  rounding: Rounding;
  cpaMinor: bigint;
  minimumMinor: bigint;
  revenuePpm: bigint;
  salePpm: bigint;
  perLotMinor: bigint;
  windowDays: number;
  refundsInFull: boolean;
};

/** What each thing that can be earned is worth, by what it is in words; what is worth nothing is left out. Months are those of UTC. */
export function expectedEarnings(
  history: readonly ConversionEvent[],
  deals: readonly ModelDeal[],
  affiliateOf: (customerId: string | null) => string,
): Map<string, bigint> {
  const earnings = new Map<string, bigint>();
  const dealOf = (event: ConversionEvent): ModelDeal => deals.findLast(({ from }) => from <= event.occurredAt)!;
  /** Adds what is left of conversions that share a pot, once the pot's worth is known. */
  const pots = new Map<string, { deal: ModelDeal; basis: bigint; volume: bigint }>();
  const firsts = new Map<string, ConversionEvent>();

  for (const event of history) {
    const deal = dealOf(event);
    const left = leftOfIt(event, deal, history);
    if (event.type === 'sale') {
      earnings.set(
        `percent ${event.id}`,
        left(rounded(deal.salePpm * event.amountMinor!, 1_000_000n, deal.rounding), deal.rounding),
      );
    } else if (event.type === 'ftd') {
      const rival = firsts.get(event.customerId!);
      if (!rival || happenedAt(event) < happenedAt(rival)) firsts.set(event.customerId!, event);
    } else if (event.type === 'revenue' || event.type === 'trade') {
      const month = new Date(event.occurredAt).toISOString().slice(0, 7);
      const name = `${event.type} ${affiliateOf(event.customerId)} ${month} from ${deal.from}`;
      const { basis, volume } = pots.get(name) ?? { basis: 0n, volume: 0n };
      const more = { basis: left(event.amountMinor ?? 0n, 'half_even'), volume: left(event.volumeE4 ?? 0n, 'half_even') };
      pots.set(name, { deal, basis: basis + more.basis, volume: volume + more.volume });
    }
  }
  for (const [customer, first] of firsts) {
    const deal = dealOf(first);
    const qualifies = first.amountMinor! >= deal.minimumMinor;
    earnings.set(`cpa ${customer}`, qualifies ? leftOfIt(first, deal, history)(deal.cpaMinor, deal.rounding) : 0n);
  }
  for (const [name, { deal, basis, volume }] of pots) {
    const isRevenue = name.startsWith('revenue');
    const [exact, per] = isRevenue ? [deal.revenuePpm * basis, 1_000_000n] : [deal.perLotMinor * volume, 10_000n];
    earnings.set(name, exact > 0n ? rounded(exact, per, deal.rounding) : 0n);
  }
  return new Map([...earnings].filter(([, minor]) => minor !== 0n));
}

/** "First" is by the clock, then by the id, as one text that sorts. */
function happenedAt({ occurredAt, id }: ConversionEvent): string {
  return `${String(occurredAt).padStart(16, '0')} ${id}`;
}

/** What the whole history leaves of a conversion, as a function of a whole to be shared out. */
function leftOfIt(conversion: ConversionEvent, deal: ModelDeal, history: readonly ConversionEvent[]) {
  const against = history.filter((event) => hits(event, conversion, deal));
  const isWon = against.some(({ type }) => type === 'chargeback_won');
  const takesAll = ({ type, amountMinor, reference }: ConversionEvent): boolean => {
    if (type === 'refund')
      return deal.refundsInFull || amountMinor === null || reference === null || conversion.amountMinor! <= 0n;
    return type === 'fraud' || type === 'bonus_abuse' || (type === 'chargeback' && !isWon);
  };
  const amount = conversion.amountMinor ?? 0n;
  const refunded = against.reduce((sum, { type, amountMinor }) => sum + (type === 'refund' ? (amountMinor ?? 0n) : 0n), 0n);
  const gone = refunded < amount ? refunded : amount;
  return (whole: bigint, rounding: Rounding): bigint => {
    if (against.some(takesAll)) return 0n;
    return refunded === 0n ? whole : whole - rounded(whole * gone, amount, rounding);
  };
}

function hits(event: ConversionEvent, conversion: ConversionEvent, deal: ModelDeal): boolean {
  if (!['refund', 'chargeback', 'fraud', 'bonus_abuse', 'chargeback_won'].includes(event.type)) return false;
  if (event.reference !== null) {
    return event.reference === conversion.transactionId && [null, conversion.type].includes(event.referenceType);
  }
  const age = event.occurredAt - conversion.occurredAt;
  return event.customerId === conversion.customerId && age >= 0 && age <= deal.windowDays * DAY_MS;
}

/** Rounds by counting half units: floor of the quotient plus one half, with ties sent back to even where that is asked for. */
function rounded(dividend: bigint, divisor: bigint, mode: Rounding): bigint {
  if (dividend < 0n) return -rounded(-dividend, divisor, mode);
  if (mode === 'down') return (dividend - (dividend % divisor)) / divisor;
  const up = (2n * dividend + divisor) / (2n * divisor);
  const isTie = (2n * dividend + divisor) % (2n * divisor) === 0n;
  return mode === 'half_even' && isTie ? up - (up % 2n) : up;
}
