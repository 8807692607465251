// Rates conversions again that were settled before, after something about them changed: the
// agreement, their values, or a decision of a person. Afterwards the ledger is as if the change had
// been there from the start. Pure, like settlement.
import type { Attribution } from '../attribution/attribution.ts';
import { type SlotFact } from '../commission/slot-facts.ts';
import type { Message, Unprompted } from '../delivery/messages.ts';
import type { DealVersion } from '../types.ts';
import { restateOthers, reversalsBy, type Known } from './apply-reversals.ts';
import type { Batch } from './batch.ts';
import { sumOfDeltas, type BatchLedger, type Deltas } from './batch-ledger.ts';
import { conversionFacts, type Lacking, type Rated } from './facts.ts';
import { reportChange, viewOf } from './notifications.ts';
import type { Loaded } from './outcomes.ts';
import type { PostingCause } from './posting.ts';
import { ratedIn, type OperatorRules } from './rating.ts';
import { reportedKey } from './reported-amounts.ts';
import { knownOf, RuleError } from './settlement.ts';
import type { Slot } from './slot.ts';

/** A settled conversion and the deal version that rated it; null when no deal covered it. */
export type SettledConversion = Loaded & { ratedBy: Pick<DealVersion, 'dealId' | 'version'> | null };

/**
 * A conversion that keeps its rating: its new version lacks something, or pays in another currency
 * than was reported.
 */
type Kept = { eventId: string; reason: Lacking | 'other_currency' };

/** Result of rating again; facts and postings are in the batch ledger. */
type RatedAgain = {
  changed: { eventId: string; version: DealVersion }[];
  kept: Kept[];
  messages: Message[];
};

/** Attributions of settled conversions, which rating again does not change. */
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
export function rerateAll(batch: SettledBatch, books: BatchLedger): RatedAgain {
  const due = batch.ordered.filter(({ event, ratedBy }) => {
    const rated = batch.rated.get(event.id);
    return rated !== undefined && !isSame(rated.version, ratedBy);
  });
  return rateAgain(batch, books, due, 'deal_changed');
}

/**
 * Rates the ordered conversions, which carry their amended values, by the versions that rated them
 * before. A conversion without a deal changes nothing. Throws like `rerateAll`.
 */
export function amendAll(batch: SettledBatch, books: BatchLedger): RatedAgain {
  return rateAgain(batch, books, batch.ordered, 'amended');
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
  reason: Unprompted,
): RatedAgain {
  const known = knownOf([...batch.others, ...batch.ordered]);
  const all: RatedAgain = { changed: [], kept: [], messages: [] };
  for (const loaded of due) {
    const { id } = loaded.event;
    const rated = batch.rated.get(id);
    if (!rated) continue;
    try {
      const messages = rateOneAgain(batch, books, loaded, rated, known, reason);
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

function rateOneAgain(
  batch: Batch,
  books: BatchLedger,
  loaded: SettledConversion,
  rated: Rated,
  known: Known,
  reason: Unprompted,
): Message[] | Kept['reason'] {
  const { event, outcome } = loaded;
  const affiliateId = outcome!.affiliateId!;
  const { currency } = rated.version.terms;
  const slots = books.slotsOfConversion(event.id);
  if (slots.some((slot) => slot.version.terms.currency !== currency)) return 'other_currency';
  const stored = slots.map((slot) => slot.groups.get(event.id)!.accrual.fx).find((fx) => fx !== null) ?? null;
  const factFor = conversionFacts(event, rated, batch.rates, stored);
  if (typeof factFor === 'string') return factFor;
  const reversed = reversalsBy(batch, books, loaded, rated.version.terms, known);
  if (typeof reversed === 'string') return reversed;

  const cause: PostingCause = {
    id: reason === 'deal_changed' ? null : event.id,
    occurredAt: event.occurredAt,
  };
  const wanted = rated.names.map((name) => ({
    slot: books.open(name, rated.version, affiliateId),
    facts: [factFor(name.kind), ...reversed] as const,
  }));
  const deltas = moveTo(books, event.id, wanted, rated.version, cause);
  restateOthers(batch, books, loaded, known, cause);
  for (const [deltaOf, delta] of deltas) if (delta === 0n) deltas.delete(deltaOf);
  const about = { affiliateId, ...viewOf(loaded), currency };
  const messages = reportChange(books, 'conversion.adjusted', reason, about, deltas);
  // A conversion that earned nothing so far is reported in the currency of its new deal from now
  // on.
  if (!deltas.has(affiliateId) && books.reported.has(reportedKey(event.id, affiliateId)))
    books.report(event.id, affiliateId, 0n, currency);
  return messages;
}

/**
 * Takes a conversion out of the slots that are not wanted, and puts it with these facts into those
 * that are.
 */
function moveTo(
  books: BatchLedger,
  eventId: string,
  wanted: readonly { slot: Slot; facts: readonly [SlotFact, ...SlotFact[]] }[],
  version: DealVersion,
  cause: PostingCause,
): Map<string, bigint> {
  const staysIn = new Set(wanted.map(({ slot }) => slot));
  const all: Deltas[] = [];
  for (const slot of [...books.slotsOfConversion(eventId)])
    if (!staysIn.has(slot)) all.push(books.leave(slot, eventId, cause));
  for (const { slot, facts } of wanted) all.push(books.enter(slot, facts, version, cause));
  return sumOfDeltas(all);
}
