// Rates settled conversions again after their agreement changed (a deal version that begins before
// them, or a new deal) or their operator amended them. Afterwards the ledger is as if the change
// had been there from the start. Pure, like settlement.
import type { Attribution } from '../attribution/attribution.ts';
import { sumOfDeltas, type BatchLedger, type Deltas } from './batch-ledger.ts';
import type { PostingCause } from './posting.ts';
import {
  amendedBy,
  amendmentIn,
  isRatingChange,
  reratedBy,
  restatedBy,
  type Rating,
  type SlotFact,
} from '../commission/slot-facts.ts';
import { conversionFacts, reversalsBy, type Lacking, type Rated, type Reversals } from './facts.ts';
import { inOrder, isReversalInForce, type Batch } from './batch.ts';
import { RuleError } from './settlement.ts';
import { viewOf, reportChange } from './notifications.ts';
import { reportedKey } from './reported-amounts.ts';
import { type ConversionEvent, type DealVersion, isConversion } from '../types.ts';
import type { SlotKind } from '../commission/slot-kinds.ts';
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

/** Result of rerating; facts and postings are in the batch ledger. */
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
      const bound = binding?.affiliateId === affiliateId ? binding.click : null;
      const shown = click?.affiliateId === affiliateId ? click : bound;
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
  const reversals = inOrder(
    batch.others.filter(({ event, outcome }) => !isConversion(event.type) && isReversalInForce(outcome)),
  );
  const all: Rerating = { changed: [], kept: [], messages: [] };
  for (const loaded of due) {
    const { id } = loaded.event;
    const rated = batch.rated.get(id);
    if (!rated) continue;
    try {
      const messages = rerate(batch, books, loaded, rated, reversals, amendments?.get(id) ?? null);
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
  rated: Rated,
  reversals: readonly Loaded[],
  amendment: number | null,
): Message[] | Kept['reason'] {
  const affiliateId = outcome!.affiliateId!;
  const { currency } = rated.version.terms;
  const slots = books.slotsOfConversion(event.id);
  if (slots.some((slot) => slot.version.terms.currency !== currency)) return 'other_currency';
  const stored = slots.map((slot) => slot.groups.get(event.id)!.accrual.fx).find((fx) => fx !== null) ?? null;
  const factFor = conversionFacts(event, rated, batch.rates, stored);
  if (typeof factFor === 'string') return factFor;
  const reversed = reversalsBy(rated.version.terms, event, reversals, batch.rates);
  if (typeof reversed === 'string') return reversed;

  const deltas = moveToRating(books, { event, affiliateId, rated, amendment, factFor, reversed });
  for (const [deltaOf, delta] of deltas) if (delta === 0n) deltas.delete(deltaOf);
  const about = { affiliateId, ...viewOf({ event, outcome, click, binding }), currency };
  const reason = amendment === null ? 'deal_changed' : 'amended';
  const messages = reportChange(books, 'conversion.adjusted', reason, about, deltas);
  // A conversion that earned nothing so far is reported in the currency of its new deal from now
  // on.
  if (!deltas.has(affiliateId) && books.reported.has(reportedKey(event.id, affiliateId)))
    books.report(event.id, affiliateId, 0n, currency);
  return messages;
}

/** A conversion with its new rating, and the facts that the rating gives it. */
type Move = {
  event: ConversionEvent;
  affiliateId: string;
  rated: Rated;
  amendment: number | null;
  factFor: (kind: SlotKind) => SlotFact;
  reversed: Reversals;
};

/**
 * Rates a conversion again in the slots that it is in, whether it stays there or leaves, and adds
 * it to those that it enters.
 */
function moveToRating(books: BatchLedger, move: Move): Map<string, bigint> {
  const { event, affiliateId, amendment, factFor, reversed } = move;
  const { version, names } = move.rated;
  const cause: PostingCause = { id: amendment === null ? null : event.id, occurredAt: event.occurredAt };
  const slots = [...books.slotsOfConversion(event.id)];
  const all: Deltas[] = [];
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
        : amendedBy(rating, factFor(slot.name.kind), stays);
    const restated = stays ? restatedReversals(laterFacts, rating, reversed) : [];
    all.push(books.rerate(slot, [first, ...restated], version, cause));
  }
  const known = new Set(slots.map(({ name }) => name.key));
  for (const name of names) {
    if (known.has(name.key)) continue;
    const slot = books.open(name, version, affiliateId);
    all.push(books.rerate(slot, [factFor(name.kind), ...reversed.facts], version, cause));
  }
  return sumOfDeltas(all);
}

/**
 * Reversals of a conversion in a slot that it stays in, by the new terms. A reversal that the new
 * terms forgive is restated as nothing.
 */
function restatedReversals(
  laterFacts: readonly SlotFact[],
  rating: Rating,
  { facts, forgivenIds }: Reversals,
): SlotFact[] {
  const before = laterFacts.filter((fact) => !isRatingChange(fact));
  const forgiven = forgivenIds.flatMap((id) => {
    const fact = before.find(({ eventId }) => eventId === id);
    return fact ? [{ ...fact, whole: false, amountMinor: 0n, fx: null }] : [];
  });
  return [...facts, ...forgiven].map((fact) => restatedBy(rating, fact));
}
