// Rates conversions again that were settled before, after something about them changed: the
// agreement, their values, their affiliate, or a decision of a person. Afterwards the ledger is as
// if the change had been there from the start. Pure, like settlement.
import { lastMove, reaches, type Attribution } from '../attribution/attribution.ts';
import type { ParentHistory } from '../attribution/parents.ts';
import { needsMonthMetric } from '../commission/commission.ts';
import { namesChargeback } from '../commission/reversals.ts';
import { rejecting, type SlotFact } from '../commission/slot-facts.ts';
import type { Message, Unprompted } from '../delivery/messages.ts';
import type { ConversionEvent, DealVersion } from '../types.ts';
import { restateOthers, reversalsBy, scopeOf, type Known } from './apply-reversals.ts';
import type { Batch } from './batch.ts';
import { sumOfDeltas, type BatchLedger, type Deltas, type MoveDeltas } from './batch-ledger.ts';
import { conversionFacts, type Lacking, type Rated } from './facts.ts';
import { reportAgain } from './notifications.ts';
import type { Loaded, Outcome } from './outcomes.ts';
import type { PostingCause } from './posting.ts';
import { rateAll, ratedIn, type OperatorRules } from './rating.ts';
import { outcomesOfReversals } from './reversal-outcomes.ts';
import { isHit, isMismatch } from './settle-reversal.ts';
import { attributeAll, knownOf, RuleError } from './settlement.ts';
import type { Slot } from './slot.ts';

/** A settled conversion and the deal version that rated it; null when no deal covered it. */
export type SettledConversion = Loaded & { ratedBy: Pick<DealVersion, 'dealId' | 'version'> | null };

/**
 * A conversion that keeps its rating: its new version lacks something, or pays in another currency
 * than was reported.
 */
type Kept = { eventId: string; reason: Lacking['reason'] | 'other_currency' };

/**
 * The outcome of a conversion after it was rated again. `version` is null where no deal rates it.
 */
export type NewOutcome = {
  eventId: string;
  status: 'settled' | 'voided' | 'orphaned';
  reason: string | null;
  affiliateId: string;
  version: Pick<DealVersion, 'dealId' | 'version'> | null;
};

/**
 * Result of rating again; facts and postings are in the batch ledger. `waitAgain`: settled
 * reversals whose conversion is out of the books, so that they wait for one as if it had not been
 * sent. `reached`: outcomes of reversals that waited, and whose conversion turned out to be one of
 * these.
 */
export type RatedAgain = {
  outcomes: NewOutcome[];
  reached: Outcome[];
  kept: Kept[];
  messages: Message[];
  waitAgain: string[];
};

export type SettledBatch = Omit<Batch, 'ordered'> & { ordered: readonly SettledConversion[] };

/**
 * Attributions of settled conversions: those that they have, unless their customer was given to
 * another affiliate by then.
 */
export function attributionsOf(settled: readonly Loaded[]): Map<string, Attribution> {
  return new Map(
    settled.map(({ event, outcome, click, binding, reassignments = [] }) => {
      const move = lastMove(event, reassignments);
      const affiliateId = move?.affiliateId ?? outcome!.affiliateId!;
      const bound = binding?.affiliateId === affiliateId ? binding : null;
      const shown = click?.affiliateId === affiliateId ? click : (bound?.click ?? null);
      const boundSince = bound !== null && reaches(bound.since, event) ? bound.since : undefined;
      const from = move?.from ?? boundSince ?? shown?.clickedAt ?? event.occurredAt;
      return [
        event.id,
        { kind: 'attributed', affiliateId, method: 'binding', click: shown, from, binds: null },
      ];
    }),
  );
}

/**
 * Ratings of settled conversions by the versions that rated them, with the slots that their present
 * values name; of a conversion that came to another affiliate, by the version in force.
 */
export function rateAsBefore(
  operator: OperatorRules,
  versions: readonly DealVersion[],
  settled: readonly SettledConversion[],
  attributions: ReadonlyMap<string, Attribution>,
  parents: ParentHistory = new Map(),
): Map<string, Rated> {
  const rated = rateAll(operator, versions, settled, attributions, parents);
  for (const { event, outcome, ratedBy } of settled) {
    if (affiliateIn(attributions, event.id) !== outcome!.affiliateId) continue;
    const version = versions.find((one) => isSame(one, ratedBy));
    if (version) rated.set(event.id, ratedIn(operator, version, event, outcome!.affiliateId!, parents));
    else rated.delete(event.id);
  }
  return rated;
}

/**
 * Rates the ordered conversions whose version in force is not the one that rated them. Each leaves
 * the slots that the new version does not name and enters those that it names; its reversals are
 * applied by the new terms. No event is the cause of the postings.
 * Throws a RuleError for the conversion whose rule failed. The ledger is then inconsistent and must
 * be loaded again.
 */
export function rerateAll(batch: SettledBatch, books: BatchLedger): RatedAgain {
  return rateAgain(withNewVersion(batch), books, () => 'deal_changed', false);
}

/**
 * The batch with only those conversions in order that another version rates now, or none any more.
 * Those that stay are context, since a reversal may divide its amount among both.
 */
export function withNewVersion(batch: SettledBatch): SettledBatch {
  const isNew = ({ event, ratedBy }: SettledConversion): boolean =>
    !isSame(batch.rated.get(event.id)?.version ?? null, ratedBy);
  const stay = batch.ordered.filter((one) => !isNew(one));
  return { ...batch, ordered: batch.ordered.filter(isNew), others: [...batch.others, ...stay] };
}

/**
 * Rates the ordered conversions by their present values, affiliates and decisions of people.
 * `reasonOf` says what changed for a conversion. `byEvents`: the conversion is the cause of its
 * postings. Throws like `rerateAll`.
 */
export function rateAgain(
  batch: SettledBatch,
  books: BatchLedger,
  reasonOf: (eventId: string) => Unprompted,
  byEvents = true,
): RatedAgain {
  const isOut = (one: Loaded): boolean => one.isVoided === true || reasonOf(one.event.id) === 'unbound';
  const known = knownOf([...batch.others, ...batch.ordered.filter((one) => !isOut(one))]);
  const voided = batch.others.filter(({ isVoided }) => isVoided);
  const waitAgain = withoutConversion(batch.operator, [...batch.ordered.filter(isOut), ...voided], known);
  const all: RatedAgain = { outcomes: [], reached: [], kept: [], messages: [], waitAgain };
  for (const loaded of batch.ordered) {
    const { id } = loaded.event;
    try {
      const rated = changeOf(batch, books, loaded, known, { reason: reasonOf(id), byEvents });
      if (typeof rated === 'string') {
        all.kept.push({ eventId: id, reason: rated });
      } else {
        all.outcomes.push(rated.outcome);
        all.reached.push(...reachedBy(batch, books, loaded, rated.outcome, known));
        all.messages.push(...rated.messages);
      }
    } catch (error) {
      throw new RuleError(id, error);
    }
  }
  return all;
}

/** Outcomes that a conversion which is in the books gives to reversals. */
function reachedBy(
  batch: SettledBatch,
  books: BatchLedger,
  loaded: SettledConversion,
  { status, affiliateId }: NewOutcome,
  known: Known,
): Outcome[] {
  if (status !== 'settled' || known.reversals.length === 0) return [];
  const now: Loaded = { ...loaded, outcome: { ...loaded.outcome!, affiliateId } };
  return outcomesOfReversals(books, scopeOf(batch, books, [now], known), known.reversals, (event) =>
    isMismatch(event, loaded.event, known),
  );
}

/**
 * Settled reversals of these conversions, or wins of these chargebacks, and of no known conversion.
 * A reversal without a reference waits only where its customer is nobody's any more, like one that
 * is settled.
 */
function withoutConversion(operator: OperatorRules, out: readonly Loaded[], known: Known): string[] {
  const outIds = new Set(out.map(({ event }) => event.id));
  const isAboutOut = (reversal: ConversionEvent): boolean =>
    isAbout(reversal, out) || out.some(({ event }) => namesChargeback(reversal, event));
  const isAbout = (reversal: ConversionEvent, conversions: readonly Loaded[]): boolean =>
    conversions.some(({ event }) => isHit(reversal, event, known));
  const isNobodys = (reversal: Loaded): boolean => {
    const { event, binding } = reversal;
    const left = binding && outIds.has(binding.eventId) ? null : binding;
    return attributeAll(operator, [{ ...reversal, binding: left }]).get(event.id)!.kind !== 'attributed';
  };
  return known.reversals.flatMap((reversal) => {
    const { event, outcome } = reversal;
    if (outcome?.status !== 'settled' || !isAboutOut(event) || isAbout(event, known.conversions)) return [];
    return event.reference !== null || isNobodys(reversal) ? [event.id] : [];
  });
}

function isSame(version: DealVersion | null, other: SettledConversion['ratedBy']): boolean {
  return version?.dealId === other?.dealId && version?.version === other?.version;
}

function affiliateIn(attributions: ReadonlyMap<string, Attribution>, eventId: string): string | null {
  const attribution = attributions.get(eventId);
  return attribution?.kind === 'attributed' ? attribution.affiliateId : null;
}

/** Rates one conversion again, or takes it out of the books. */
function changeOf(
  batch: SettledBatch,
  books: BatchLedger,
  loaded: SettledConversion,
  known: Known,
  { reason, byEvents }: { reason: Unprompted; byEvents: boolean },
): { outcome: NewOutcome; messages: Message[] } | Kept['reason'] {
  const { event, outcome, isVoided = false, isRejected = false } = loaded;
  const affiliateBefore = outcome!.affiliateId!;
  const affiliateId = affiliateIn(batch.attributions, event.id)!;
  const isOut = isVoided || reason === 'unbound';
  const rated = isOut ? undefined : batch.rated.get(event.id);
  const placed = rated ? placesOf(batch, books, loaded, rated, known, affiliateId) : [];
  if (typeof placed === 'string') return placed;

  const cause: PostingCause = { id: byEvents ? event.id : null, occurredAt: event.occurredAt };
  const deltas = moveTo(books, event.id, placed, rated?.version, cause, affiliateBefore);
  restateOthers(batch, books, loaded, known, cause);
  const messages = reportAgain(books, loaded, {
    reason,
    isDecided: isVoided || reason === 'rejected' || reason === 'unrejected',
    affiliateBefore,
    affiliateId,
    deltas,
    currency: rated?.version.terms.currency ?? batch.operator.currency,
  });
  const status = isVoided ? 'voided' : isOut ? 'orphaned' : 'settled';
  const said = isOut ? (isVoided ? null : reason) : isRejected ? 'rejected' : null;
  const version = rated?.version ?? (isOut ? loaded.ratedBy : null);
  return { outcome: { eventId: event.id, status, reason: said, affiliateId, version }, messages };
}

/** A slot that a conversion should be in, with its facts. */
type Place = { slot: Slot; facts: readonly [SlotFact, ...SlotFact[]] };

/** The slots that a conversion should be in by its rating, or why it keeps its rating. */
function placesOf(
  batch: Batch,
  books: BatchLedger,
  loaded: SettledConversion,
  rated: Rated,
  known: Known,
  affiliateId: string,
): Place[] | Kept['reason'] {
  const { event, outcome, isRejected } = loaded;
  const { version, names } = rated;
  const { currency } = version.terms;
  const slots = books.slotsOfConversion(event.id);
  const foreign = slots.filter((slot) => slot.version.terms.currency !== currency);
  if (affiliateId === outcome!.affiliateId && foreign.some((slot) => isPaidBy(slot, books)))
    return 'other_currency';
  const stored = slots
    .filter((slot) => !foreign.includes(slot))
    .flatMap((slot) => slot.groups.get(event.id)!.accrual.fx?.rateId ?? []);
  const factFor = conversionFacts(event, rated, batch.rates, stored);
  if (typeof factFor !== 'function') return factFor.reason;
  const reversed = reversalsBy(batch, books, loaded, version.terms, known);
  if (typeof reversed === 'string') return reversed;
  return names.map((name) => {
    const accrual = factFor(name.kind);
    const decided = isRejected ? [rejecting(accrual)] : [];
    return { slot: books.open(name, version, affiliateId), facts: [accrual, ...reversed, ...decided] };
  });
}

/**
 * Whether something is paid by a slot: the slot itself, or, where it counts a month, other slots of
 * its deal. A slot that only counted a conversion paid nothing for it.
 */
function isPaidBy(slot: Slot, books: BatchLedger): boolean {
  if (slot.name.kind !== 'month') return true;
  return [...books.slots.values()].some(
    ({ name, version, affiliateId }) =>
      version.dealId === slot.version.dealId &&
      affiliateId === slot.affiliateId &&
      version.terms.components.some((one) => one.label === name.component && needsMonthMetric(one)),
  );
}

/**
 * Takes a conversion out of the slots that it should not be in, and puts it into those that it
 * should be in.
 */
function moveTo(
  books: BatchLedger,
  eventId: string,
  places: readonly Place[],
  version: DealVersion | undefined,
  cause: PostingCause,
  affiliateBefore: string,
): MoveDeltas {
  const staysIn = new Set(places.map(({ slot }) => slot));
  const before: Deltas[] = [];
  const now: Deltas[] = [];
  for (const slot of books.slotsOfConversion(eventId))
    if (!staysIn.has(slot)) before.push(books.leave(slot, eventId, cause));
  for (const { slot, facts } of places)
    (slot.affiliateId === affiliateBefore ? before : now).push(books.enter(slot, facts, version!, cause));
  return { before: sumOfDeltas(before), now: sumOfDeltas(now) };
}
