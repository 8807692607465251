// Loads what the rules need to settle one operator's events: the events and those about them, the agreements, rates, and who listens.
import type { Attribution } from '../../domain/attribution/attribution.ts';
import { attributionsOf, rateAsBefore } from '../../domain/settlement/rerating.ts';
import { attributeAll, inOrder, type Batch } from '../../domain/settlement/settlement.ts';
import { reportedKey, type ReportedAmount } from '../../domain/settlement/reported-amounts.ts';
import { type DealVersion, isConversion } from '../../domain/types.ts';
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
} from '../../store/settlement/events.ts';
import { addRareEvidence } from '../../store/settlement/evidence.ts';
import { allSettledOrThrow } from '../single-flight.ts';
import { lockReversals, type Side } from '../../store/db/locks.ts';
import { readAmountsOfParents } from '../../store/ledger/reported-amounts.ts';
import { rateAll, type OperatorRules } from '../../domain/settlement/rating.ts';

/** Events of one operator, of which one side is to be settled, without those that are set aside; or settled ones to be rated again. */
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
  /** Events that have an outcome already. */
  waited: ReadonlySet<string>;
  told: Map<string, ReportedAmount>;
  /** Of each affiliate whose deal pays them, the parents, nearest first. */
  parents: ReadonlyMap<string, readonly string[]>;
};

/** Compiles the terms of a version, once per version and process. */
export type Compiled = (operatorId: string, stored: StoredVersion) => DealVersion;

/** In a transaction that settles; its first statement takes the lock that keeps the other side out. Throws for an unknown operator. */
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
  const [rates, parents, toldToParents] = await allSettledOrThrow([
    readRates(client, operatorId, exchanged([...ordered, ...others], versions)),
    hasOverrides ? readParents(client, operatorId, affiliates) : Promise.resolve(new Map<string, string[]>()),
    hasOverrides ? readAmountsOfParents(client, operatorId, conversionIds) : Promise.resolve([]),
  ]);
  const told = toldBefore([...ordered, ...others]);
  for (const { eventId, affiliateId, amountMinor, currency } of toldToParents)
    told.set(reportedKey(eventId, affiliateId), { amountMinor: amountMinor, currency });
  const rated =
    wanted.side === 'amendments'
      ? rateAsBefore(operator, versions, ordered)
      : rateAll(operator, versions, ordered, attributions);
  return {
    batch: { operator, ordered, attributions, rated, rates, others: [...others, ...otherSide] },
    versions,
    listeners: hasOverrides
      ? [...listeners, ...(await parentsListeners(client, operatorId, affiliates, parents))]
      : listeners,
    otherSide: otherSide.map(({ event }) => event.id),
    waited: new Set(loaded.flatMap(({ event, outcome }) => (outcome === null ? [] : [event.id]))),
    told,
    parents,
  };
}

/** The events with all that is known about them. Under the lock, so that nothing of the other side is settled meanwhile. */
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

/** Whether it is about what was settled before. */
function isAgain({ side }: Wanted): boolean {
  return side === 'rerating' || side === 'amendments';
}

/** What this transaction settles, what one of the other side must, and what both only look at. */
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
      eventIds.has(id) && (isAgain(wanted) ? isSettled : !isSettled && one.outcome?.status !== 'rejected');
    if (!isDue) result.others.push(one);
    else if (isConversion(type) === (side === 'reversals')) result.otherSide.push(one);
    else if (!isSetAside(id)) result.due.push(one);
  }
  return result;
}

function affiliatesOf(attributions: Iterable<Attribution>, others: readonly LoadedEvent[]): string[] {
  const affiliates = new Set<string>();
  for (const attribution of attributions)
    if (attribution.kind === 'attributed') affiliates.add(attribution.affiliateId);
  for (const { outcome } of others) if (outcome?.affiliateId) affiliates.add(outcome.affiliateId);
  return [...affiliates];
}

/** Between which currencies, and when, amounts may have to be exchanged; nothing where there is only one. */
function exchanged(
  loaded: readonly LoadedEvent[],
  versions: readonly DealVersion[],
): Parameters<typeof readRates>[2] {
  const bases = new Set(loaded.flatMap(({ event }) => event.currency ?? []));
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

/** Parents hear of their parts; those who are read already, and the operator, are not read again. */
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

/** What was told for conversions that earlier batches settled. */
function toldBefore(loaded: readonly LoadedEvent[]): Map<string, ReportedAmount> {
  return new Map(
    loaded.flatMap(({ event, outcome, reported }) =>
      reported === null ? [] : [[reportedKey(event.id, outcome?.affiliateId ?? ''), reported]],
    ),
  );
}
