// Loads the input of settlement for one operator: events and their related events, agreements,
// rates, and the endpoints that listen.
import type { Attribution } from '../../domain/attribution/attribution.ts';
import { attributionsOf, rateAsBefore } from '../../domain/settlement/rate-again.ts';
import { inOrder, type Batch } from '../../domain/settlement/batch.ts';
import { attributeAll, bindingsOf, knownOf } from '../../domain/settlement/settlement.ts';
import { spreadAmong } from '../../domain/settlement/reversal-effects.ts';
import { reverses } from '../../domain/commission/reversals.ts';
import { mayBeAttributed, type KnownOutcome } from '../../domain/settlement/outcomes.ts';
import { reportedKey, type ReportedAmount } from '../../domain/settlement/reported-amounts.ts';
import { currenciesOf, type DealVersion, isConversion } from '../../domain/types.ts';
import type { ParentHistory } from '../../domain/attribution/parents.ts';
import { readParentHistory } from '../../store/attribution/parents.ts';
import { readRates } from '../../store/agreements/fx-rates.ts';
import { readListeners, type PlannedEndpoint } from '../../store/delivery/outbox.ts';
import type { PoolClient } from '../../store/db/pool.ts';
import type { LoadedEvent } from '../../store/settlement/event-rows.ts';
import {
  findOthers,
  loadEvents,
  readOperatorRules,
  readAffiliatesOfSlots,
  readVersions,
  type SettlingOperator,
  type StoredVersion,
} from '../../store/settlement/load-events.ts';
import { withRelated } from './load-related.ts';
import { addRareEvidence } from '../../store/settlement/coupons-and-assignments.ts';
import { allSettledOrThrow } from '../single-flight.ts';
import { lockReversals, type Side } from '../../store/db/locks.ts';
import { readAmountsOfOthers } from '../../store/ledger/reported-amounts.ts';
import { rateAll } from '../../domain/settlement/rating.ts';

/**
 * Selection of one operator's events: those of one side to settle, without events set aside, or
 * settled ones to rate again. Conversions that a reversal divides its amount among are settled on
 * the side of reversals.
 */
export type Wanted = {
  operatorId: string;
  side: Side;
  eventIds: readonly string[];
  isSetAside: (eventId: string) => boolean;
};

export type LoadedBatch = {
  batch: Batch & { ordered: readonly LoadedEvent[] };
  versions: readonly DealVersion[];
  listeners: readonly PlannedEndpoint[];
  /** Events that a transaction of the other side must settle. */
  otherSide: string[];
  /** The status of each event that has an outcome. */
  statusBefore: ReadonlyMap<string, KnownOutcome['status']>;
  /** Amounts reported by earlier batches, by `reportedKey`. */
  reportedBefore: Map<string, ReportedAmount>;
  /** Parents of affiliates whose deals pay them, and of everyone above. */
  parents: ParentHistory;
  /** Whether the operator pays for no customer who was there before. */
  ignoresExisting: boolean;
};

/** Compiles the terms of a version, once per version and process. */
type Compiled = (operatorId: string, stored: StoredVersion) => DealVersion;

/**
 * Loads a batch in the settling transaction. Its first statement takes the lock that excludes the
 * other side. Throws for an unknown operator.
 */
export async function loadBatch(
  client: PoolClient,
  wanted: Wanted,
  compiled: Compiled,
): Promise<LoadedBatch> {
  const { operatorId } = wanted;
  const { operator, loaded } = await loadAll(client, wanted);
  const { due, aside, otherSide, others: related } = sorted(loaded, wanted);
  const others = [...related, ...otherSide];
  const ordered = inOrder(due);
  const attributions = isAgain(wanted)
    ? attributionsOf(ordered)
    : attributeAll(operator, inOrder([...due, ...aside]));
  const affiliates = affiliatesOf(attributions.values(), [...ordered, ...others]);
  const conversionIds = [...ordered, ...others].map(({ event }) => event.id);
  const wereSettled = [...ordered, ...others].some(({ outcome }) => outcome !== null);
  const former = wereSettled ? await readAffiliatesOfSlots(client, operatorId, conversionIds) : [];
  const paid = [...new Set([...affiliates, ...former])];
  const [stored, listeners] =
    paid.length === 0
      ? [[], []]
      : await allSettledOrThrow([
          readVersions(client, operatorId, paid),
          readListeners(client, operatorId, affiliates),
        ]);
  const versions = stored.map((version) => compiled(operatorId, version));
  const hasOverrides = versions.some(({ terms }) => terms.overrides.length > 0);
  // Also affiliates who had a conversion before have amounts of their own.
  const wereTold = hasOverrides || ordered.some(({ outcome }) => outcome !== null);
  const [rates, parents, reportedToOthers] = await allSettledOrThrow([
    readRates(client, operatorId, exchanged([...ordered, ...others], versions)),
    hasOverrides
      ? readParentHistory(client, operatorId, affiliates)
      : Promise.resolve<ParentHistory>(new Map()),
    wereTold ? readAmountsOfOthers(client, operatorId, conversionIds) : Promise.resolve([]),
  ]);
  const reported = reportedFor([...ordered, ...others]);
  for (const { eventId, affiliateId, amountMinor, currency } of reportedToOthers)
    reported.set(reportedKey(eventId, affiliateId), { amountMinor, currency });
  const rated =
    wanted.side === 'amendments'
      ? rateAsBefore(operator, versions, ordered, attributions, parents)
      : rateAll(operator, versions, ordered, attributions, parents);
  return {
    batch: {
      operator,
      ordered,
      attributions,
      rated,
      ratedBefore: ratedBefore(others, versions),
      rates,
      boundAside: bindingsOf(aside, attributions),
      others,
    },
    versions,
    listeners: hasOverrides
      ? [...listeners, ...(await parentsListeners(client, operatorId, affiliates, parents))]
      : listeners,
    otherSide: otherSide.map(({ event }) => event.id),
    statusBefore: new Map(
      loaded.flatMap(({ event, outcome }) => (outcome === null ? [] : [[event.id, outcome.status]])),
    ),
    reportedBefore: reported,
    parents,
    ignoresExisting: operator.existingCustomers === 'ignore',
  };
}

/**
 * Loads the events with everything known about them. Runs under the lock, so that the other side
 * settles none of them meanwhile.
 */
async function loadAll(
  client: PoolClient,
  { operatorId, side, eventIds }: Wanted,
): Promise<{ operator: SettlingOperator; loaded: LoadedEvent[] }> {
  const [, operator, own, otherIds] = await allSettledOrThrow([
    lockReversals(client, operatorId, side),
    readOperatorRules(client, operatorId),
    loadEvents(client, operatorId, eventIds),
    findOthers(client, operatorId, side, eventIds),
  ]);
  if (operator === null) throw new Error(`there is no operator ${operatorId}`);
  const loaded = await addRareEvidence(client, operator, own);
  return { operator, loaded: await withRelated(client, operatorId, { side, own: loaded, otherIds }) };
}

/** Whether the selection is about events settled before. */
function isAgain({ side }: Wanted): boolean {
  return side === 'rerating' || side === 'amendments';
}

type Sorted = Record<'due' | 'aside' | 'otherSide' | 'others', LoadedEvent[]>;

/**
 * Sorts events: those that this transaction settles, those it sets aside, those of the other side,
 * and context.
 */
function sorted(loaded: readonly LoadedEvent[], wanted: Wanted): Sorted {
  const { side, isSetAside } = wanted;
  const eventIds = new Set(wanted.eventIds);
  const spread = spreadAmong(knownOf(loaded).reversals);
  // A reversal up to an amount must be divided anew among all conversions of the customer, which
  // no concurrent transaction may add to: such a conversion is settled alone, like a reversal.
  const isDivided = ({ event }: LoadedEvent): boolean =>
    spread.some(({ event: reversal }) => reverses(reversal, event));
  const result: Sorted = { due: [], aside: [], otherSide: [], others: [] };
  for (const one of loaded) {
    const { id, type } = one.event;
    const isSettled = one.outcome?.status === 'settled';
    const isDue = eventIds.has(id) && (isAgain(wanted) ? isSettled : !isSettled && !isOver(one.outcome));
    if (!isDue) result.others.push(one);
    else if (side !== 'reversals' && !isConversion(type)) result.otherSide.push(one);
    else if (side === 'conversions' && isDivided(one)) result.otherSide.push(one);
    else if (isSetAside(id)) result.aside.push(one);
    else result.due.push(one);
  }
  return result;
}

/** Whether an event is over without having been settled, whatever evidence comes. */
function isOver(outcome: KnownOutcome | null): boolean {
  if (outcome?.status === 'voided') return true;
  return outcome?.status === 'rejected' && !mayBeAttributed(outcome);
}

/** The versions that rated settled conversions before, by event id. */
function ratedBefore(
  others: readonly LoadedEvent[],
  versions: readonly DealVersion[],
): Map<string, DealVersion> {
  const rated = new Map<string, DealVersion>();
  for (const { event, ratedBy } of others) {
    const version =
      ratedBy && versions.find((one) => one.dealId === ratedBy.dealId && one.version === ratedBy.version);
    if (version) rated.set(event.id, version);
  }
  return rated;
}

/** Affiliates of these attributions, and those that the events had before. */
function affiliatesOf(attributions: Iterable<Attribution>, loaded: readonly LoadedEvent[]): string[] {
  const affiliates = new Set<string>();
  for (const attribution of attributions)
    if (attribution.kind === 'attributed') affiliates.add(attribution.affiliateId);
  for (const { outcome } of loaded) if (outcome?.affiliateId) affiliates.add(outcome.affiliateId);
  return [...affiliates];
}

/**
 * Currency pairs and days for which amounts may need an exchange rate; empty if all amounts share
 * one currency.
 */
function exchanged(
  loaded: readonly LoadedEvent[],
  versions: readonly DealVersion[],
): Parameters<typeof readRates>[2] {
  const bases = new Set(loaded.flatMap(({ event }) => currenciesOf(event)));
  const quotes = new Set([...bases, ...versions.map(({ terms }) => terms.currency)]);
  if (bases.size === 0 || quotes.size < 2) return null;
  const times = loaded.map(({ event }) => event.occurredAt);
  return {
    bases: [...bases],
    quotes: [...quotes],
    from: times.reduce((a, b) => Math.min(a, b)),
    to: times.reduce((a, b) => Math.max(a, b)),
  };
}

/** Endpoints of parents, who are told of their parts. Skips recipients that are loaded already. */
async function parentsListeners(
  client: PoolClient,
  operatorId: string,
  affiliates: readonly string[],
  parents: ParentHistory,
): Promise<PlannedEndpoint[]> {
  const all = [...parents.values()].flatMap((history) => history.flatMap(({ parentId }) => parentId ?? []));
  const others = [...new Set(all)].filter((id) => !affiliates.includes(id));
  if (others.length === 0) return [];
  return (await readListeners(client, operatorId, others)).filter(({ affiliateId }) => affiliateId !== null);
}

/** Amounts reported so far for conversions that earlier batches settled. */
function reportedFor(loaded: readonly LoadedEvent[]): Map<string, ReportedAmount> {
  return new Map(
    loaded.flatMap(({ event, outcome, reported }) =>
      reported === null ? [] : [[reportedKey(event.id, outcome?.affiliateId ?? ''), reported]],
    ),
  );
}
