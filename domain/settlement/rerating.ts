// Rates settled conversions again after their agreement changed (a deal version that begins before
// them, or a new deal) or their operator amended them. Afterwards the ledger is as if the change
// had been there from the start. Pure, like settlement.
import type { Attribution } from '../attribution/attribution.ts';
import { needsMonthMetric } from '../commission/commission.ts';
import type { BatchLedger, PostingCause, Deltas } from './batch-ledger.ts';
import {
  amendedBy,
  amendmentIn,
  isRemark,
  reratedBy,
  restatedBy,
  reverses,
  staysInSlot,
  type Rating,
  type SlotFact,
} from '../commission/reversals.ts';
import { reversalFact, conversionFacts, type Lacking, type Rated } from './facts.ts';
import { inOrder, RuleError, isReversalInForce, type Batch } from './settlement.ts';
import { viewOf, reportChange } from './notifications.ts';
import { reportedKey } from './reported-amounts.ts';
import type { Slot } from './slot.ts';
import { type ConversionEvent, type DealVersion, isConversion } from '../types.ts';
import type { Message } from '../delivery/messages.ts';
import type { Loaded } from './outcomes.ts';
import { ratedIn, type OperatorRules } from './rating.ts';

/** A settled conversion and the deal version that rated it; null when no deal covered it. */
export type SettledConversion = Loaded & { ratedBy: Pick<DealVersion, 'dealId' | 'version'> | null };

/**
 * A conversion that keeps its rating: its new version lacks something, or pays in another currency
 * than was reported.
 */
type Kept = { eventId: string; reason: Lacking | 'other_currency' };

/** Result of rerating; the postings are in the batch ledger. */
type Rerating = {
  changed: { eventId: string; version: DealVersion }[];
  kept: Kept[];
  messages: Message[];
};

/** Attributions of settled conversions, which rerating does not change. */
export function attributionsOf(settled: readonly Loaded[]): Map<string, Attribution> {
  return new Map(
    settled.map(({ event, outcome, click, binding }) => {
      const affiliateId = outcome!.affiliateId!;
      const shown = click?.affiliateId === affiliateId ? click : (binding?.click ?? null);
      return [event.id, { kind: 'attributed', affiliateId, method: 'binding', click: shown, binds: null }];
    }),
  );
}

/**
 * Rates the ordered conversions whose version in force is not the one that rated them. Each leaves
 * the slots that the new version does not name and enters those that it names; its reversals are
 * applied by the new terms.
 * Throws a RuleError for the conversion whose rule failed. The ledger is then inconsistent and must
 * be loaded again.
 */
export function rerateAll(batch: SettledBatch, books: BatchLedger): Rerating {
  const due = batch.ordered.filter(({ event, ratedBy }) => {
    const rated = batch.rated.get(event.id);
    return rated !== undefined && !isSame(rated.version, ratedBy);
  });
  return rateAgain(batch, books, due, null);
}

/**
 * Rates the ordered conversions, which carry their amended values, by the versions that rated them
 * before. `amendments`: the number of each conversion's amendment. A conversion without a deal
 * changes nothing. Throws like `rerateAll`.
 */
export function amendAll(
  batch: SettledBatch,
  books: BatchLedger,
  amendments: ReadonlyMap<string, number>,
): Rerating {
  return rateAgain(batch, books, batch.ordered, amendments);
}

/**
 * Ratings of settled conversions by the versions that rated them, with the slots that their present
 * values name.
 */
export function rateAsBefore(
  operator: OperatorRules,
  versions: readonly DealVersion[],
  settled: readonly SettledConversion[],
): Map<string, Rated> {
  const rated = new Map<string, Rated>();
  for (const { event, outcome, ratedBy } of settled) {
    const version = versions.find((one) => isSame(one, ratedBy));
    if (version) rated.set(event.id, ratedIn(operator, version, event, outcome!.affiliateId!));
  }
  return rated;
}

type SettledBatch = Omit<Batch, 'ordered'> & { ordered: readonly SettledConversion[] };

function rateAgain(
  batch: SettledBatch,
  books: BatchLedger,
  due: readonly SettledConversion[],
  amendments: ReadonlyMap<string, number> | null,
): Rerating {
  const against = inOrder(
    batch.others.filter(({ event, outcome }) => !isConversion(event.type) && isReversalInForce(outcome)),
  );
  const all: Rerating = { changed: [], kept: [], messages: [] };
  for (const loaded of due) {
    const { id } = loaded.event;
    const rated = batch.rated.get(id);
    if (!rated) continue;
    try {
      const messages = rerate(batch, books, loaded, rated, against, amendments?.get(id) ?? null);
      if (typeof messages === 'string') {
        all.kept.push({ eventId: id, reason: messages });
      } else {
        all.changed.push({ eventId: id, version: rated.version });
        all.messages.push(...messages);
      }
    } catch (error) {
      throw new RuleError(id, error);
    }
  }
  return all;
}

function isSame(version: DealVersion, other: SettledConversion['ratedBy']): boolean {
  return version.dealId === other?.dealId && version.version === other.version;
}

function rerate(
  batch: Batch,
  books: BatchLedger,
  { event, outcome, click, binding }: SettledConversion,
  { version, names }: Rated,
  against: readonly Loaded[],
  amendment: number | null,
): Message[] | Kept['reason'] {
  const affiliateId = outcome!.affiliateId!;
  const { currency } = version.terms;
  const slots = [...books.slotsOfConversion(event.id)];
  // A month of another deal only counted the conversion, and paid nothing for it.
  const foreign = slots.filter((slot) => slot.version.terms.currency !== currency);
  if (foreign.some((slot) => slot.name.kind !== 'month' || paysByCountOf(slot, event.id, books)))
    return 'other_currency';
  const stored =
    slots
      .filter((slot) => !foreign.includes(slot))
      .map((slot) => slot.groups.get(event.id)!.accrual.fx)
      .find((fx) => fx !== null) ?? null;
  const brings = conversionFacts(event, { version, names }, batch.rates, stored);
  if (typeof brings === 'string') return brings;
  const said: SlotFact[] = [];
  const silent: string[] = [];
  for (const one of against) {
    if (!reverses(one.event, event)) continue;
    const fact = reversalFact(one.event, event, version.terms, batch.rates);
    if (fact === 'no_exchange_rate') return fact;
    if (fact === null) silent.push(one.event.id);
    else said.push(fact);
  }

  const cause: PostingCause = { id: amendment === null ? null : event.id, occurredAt: event.occurredAt };
  const deltas: Deltas = new Map();
  const known = new Set(slots.map(({ name }) => name.key));
  for (const slot of slots) {
    const stays = names.some(({ key }) => key === slot.name.key);
    const { accrual, laterFacts } = slot.groups.get(event.id)!;
    const rating = {
      dealId: version.dealId,
      version: version.version,
      amendment: amendment ?? amendmentIn(laterFacts),
    };
    const first =
      amendment === null
        ? reratedBy(rating, accrual, stays)
        : amendedBy(
            rating,
            foreign.includes(slot) ? unconverted(brings('month'), event, slot) : brings(slot.name.kind),
            stays,
          );
    books.rerate(
      slot,
      stays ? [first, ...restated(laterFacts, rating, said, silent)] : [first],
      version,
      cause,
      deltas,
    );
  }
  for (const name of names) {
    if (known.has(name.key)) continue;
    books.rerate(
      books.open(name, version, affiliateId),
      [brings(name.kind), ...said],
      version,
      cause,
      deltas,
    );
  }
  for (const [whose, delta] of deltas) if (delta === 0n) deltas.delete(whose);
  const about = { affiliateId, ...viewOf({ event, click, binding }), currency };
  const messages = reportChange(
    books,
    'conversion.adjusted',
    amendment === null ? 'deal_changed' : 'amended',
    about,
    deltas,
  );
  // A conversion that earned nothing so far is reported in the currency of its new deal from now
  // on.
  if (!deltas.has(affiliateId) && books.reported.has(reportedKey(event.id, affiliateId)))
    books.report(event.id, affiliateId, 0n, currency);
  return messages;
}

/**
 * Whether a month counts the conversion and other slots of its deal are paid by the count. Leaving
 * the month would change them in a currency in which nothing can be reported for the conversion.
 */
function paysByCountOf(month: Slot, eventId: string, books: BatchLedger): boolean {
  const { version: rated, laterFacts } = month.groups.get(eventId)!;
  if (!staysInSlot(rated, laterFacts)) return false;
  return [...books.slots.values()].some(
    ({ name, version, affiliateId }) =>
      version.dealId === month.version.dealId &&
      affiliateId === month.affiliateId &&
      version.terms.components.some((one) => one.label === name.component && needsMonthMetric(one)),
  );
}

/** The amended values in a month of another currency, which the conversion left: nothing counts. */
function unconverted(fact: SlotFact, { currency, amountMinor }: ConversionEvent, month: Slot): SlotFact {
  const isItsCurrency = currency === null || currency === month.version.terms.currency;
  return { ...fact, basisMinor: isItsCurrency ? (amountMinor ?? 0n) : 0n, fx: null };
}

/**
 * Reversals of a conversion in a slot that it stays in, by the new terms. A reversal that the new
 * terms forgive is restated as nothing.
 */
function restated(
  others: readonly SlotFact[],
  rating: Rating,
  said: readonly SlotFact[],
  silent: readonly string[],
): SlotFact[] {
  const before = others.filter((fact) => !isRemark(fact));
  const forgiven = silent.flatMap((id) => {
    const fact = before.find(({ eventId }) => eventId === id);
    return fact ? [{ ...fact, whole: false, amountMinor: 0n, fx: null }] : [];
  });
  return [...said, ...forgiven].map((fact) => restatedBy(rating, fact));
}
