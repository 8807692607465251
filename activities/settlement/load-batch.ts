// Loads the input of settlement for one operator: events and their related events, agreements,
// rates, and the endpoints that listen.
import type { Attribution } from '../../domain/attribution/attribution.ts';
import { attributionsOf, rateAsBefore } from '../../domain/settlement/rate-again.ts';
import { inOrder, type Batch } from '../../domain/settlement/batch.ts';
import { attributeAll } from '../../domain/settlement/settlement.ts';
import { reportedKey, type ReportedAmount } from '../../domain/settlement/reported-amounts.ts';
import { currenciesOf, type DealVersion, isConversion } from '../../domain/types.ts';
import { readParents } from '../../store/attribution/affiliates.ts';
import { readRates } from '../../store/agreements/fx-rates.ts';
import { readListeners, type PlannedEndpoint } from '../../store/delivery/outbox.ts';
import type { PoolClient } from '../../store/db/pool.ts';
import {
  findOthers,
  loadEvents,
  readOperatorRules,
  readVersions,
  type LoadedEvent,
  type StoredVersion,
} from '../../store/settlement/load-events.ts';
import { addRareEvidence } from '../../store/settlement/coupons-and-assignments.ts';
import { allSettledOrThrow } from '../single-flight.ts';
import { lockReversals, type Side } from '../../store/db/locks.ts';
import { readAmountsOfParents } from '../../store/ledger/reported-amounts.ts';
import { rateAll, type OperatorRules } from '../../domain/settlement/rating.ts';

/**
 * Selection of one operator's events: those of one side to settle, without events set aside, or
 * settled ones to rate again.
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
  /** Events that already have an outcome. */
  waited: ReadonlySet<string>;
  /** Amounts reported by earlier batches, by `reportedKey`. */
  reportedBefore: Map<string, ReportedAmount>;
  /** Parents of each affiliate whose deal pays them, nearest first. */
  parents: ReadonlyMap<string, readonly string[]>;
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
  const { due, otherSide, others } = sorted(loaded, wanted);
  const ordered = inOrder(due);
  const attributions = isAgain(wanted) ? attributionsOf(ordered) : attributeAll(operator, ordered);
  const affiliates = affiliatesOf(attributions.values(), others);
  const [stored, listeners] =
    affiliates.length === 0
      ? [[], []]
      : await allSettledOrThrow([
          readVersions(client, operatorId, affiliates),
          readListeners(client, operatorId, affiliates),
        ]);
  const versions = stored.map((version) => compiled(operatorId, version));
  const hasOverrides = versions.some(({ terms }) => terms.overrides.length > 0);
  const conversionIds = [...ordered, ...others].map(({ event }) => event.id);
  const [rates, parents, reportedToParents] = await allSettledOrThrow([
    readRates(client, operatorId, exchanged([...ordered, ...others], versions)),
    hasOverrides ? readParents(client, operatorId, affiliates) : Promise.resolve(new Map<string, string[]>()),
    hasOverrides ? readAmountsOfParents(client, operatorId, conversionIds) : Promise.resolve([]),
  ]);
  const reported = reportedFor([...ordered, ...others]);
  for (const { eventId, affiliateId, amountMinor, currency } of reportedToParents)
    reported.set(reportedKey(eventId, affiliateId), { amountMinor, currency });
  const rated =
    wanted.side === 'amendments'
      ? rateAsBefore(operator, versions, ordered, attributions)
      : rateAll(operator, versions, ordered, attributions);
  return {
    batch: { operator, ordered, attributions, rated, rates, others: [...others, ...otherSide] },
    versions,
    listeners: hasOverrides
      ? [...listeners, ...(await parentsListeners(client, operatorId, affiliates, parents))]
      : listeners,
    otherSide: otherSide.map(({ event }) => event.id),
    waited: new Set(loaded.flatMap(({ event, outcome }) => (outcome === null ? [] : [event.id]))),
    reportedBefore: reported,
    parents,
  };
}

/**
 * Loads the events with everything known about them. Runs under the lock, so that the other side
 * settles none of them meanwhile.
 */
async function loadAll(
  client: PoolClient,
  { operatorId, side, eventIds }: Wanted,
): Promise<{ operator: OperatorRules; loaded: LoadedEvent[] }> {
  const [, operator, own, otherIds] = await allSettledOrThrow([
    lockReversals(client, operatorId, side),
    readOperatorRules(client, operatorId),
    loadEvents(client, operatorId, eventIds),
    findOthers(client, operatorId, side, eventIds),
  ]);
  const ownIds = new Set(eventIds);
  const rest = otherIds.filter((id) => !ownIds.has(id));
  if (operator === null) throw new Error(`there is no operator ${operatorId}`);
  return {
    operator,
    loaded: [
      ...(await addRareEvidence(client, operatorId, own)),
      ...(await loadEvents(client, operatorId, rest)),
    ],
  };
}

/** Whether the selection is about events settled before. */
function isAgain({ side }: Wanted): boolean {
  return side === 'rerating' || side === 'amendments';
}

/** Sorts events: those that this transaction settles, those of the other side, and context. */
function sorted(
  loaded: readonly LoadedEvent[],
  wanted: Wanted,
): Record<'due' | 'otherSide' | 'others', LoadedEvent[]> {
  const { side, isSetAside } = wanted;
  const eventIds = new Set(wanted.eventIds);
  const result: Record<'due' | 'otherSide' | 'others', LoadedEvent[]> = {
    due: [],
    otherSide: [],
    others: [],
  };
  for (const one of loaded) {
    const { id, type } = one.event;
    const isSettled = one.outcome?.status === 'settled';
    const isDue =
      eventIds.has(id) && (isAgain(wanted) ? isSettled : !isSettled && !isOver(one.outcome?.status));
    if (!isDue) result.others.push(one);
    else if (isConversion(type) === (side === 'reversals')) result.otherSide.push(one);
    else if (!isSetAside(id)) result.due.push(one);
  }
  return result;
}

/** Whether an event is over without having been settled. */
function isOver(status: string | undefined): boolean {
  return status === 'rejected' || status === 'voided';
}

function affiliatesOf(attributions: Iterable<Attribution>, others: readonly LoadedEvent[]): string[] {
  const affiliates = new Set<string>();
  for (const attribution of attributions)
    if (attribution.kind === 'attributed') affiliates.add(attribution.affiliateId);
  for (const { outcome } of others) if (outcome?.affiliateId) affiliates.add(outcome.affiliateId);
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
  parents: ReadonlyMap<string, readonly string[]>,
): Promise<PlannedEndpoint[]> {
  const others = [...new Set([...parents.values()].flat())].filter((id) => !affiliates.includes(id));
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
