// Rates conversions: the deal version in force and the slots in which a conversion earns.

import { type Attribution, versionInForce } from '../attribution/attribution.ts';
import { parentsSince, type ParentHistory } from '../attribution/parents.ts';
import { isLinked, type SlotName, slotNameOf, monthSlotNameOf } from '../commission/commission.ts';
import { subjectOf } from '../commission/reversals.ts';
import { listeningTo, type Traded } from '../commission/listening.ts';
import { isOperatorPayout } from '../commission/slot-kinds.ts';
import { monthByZones, type Zones } from '../ledger/periods.ts';
import {
  type DealVersion,
  isConversion,
  type ConversionEvent,
  type Terms,
  type EventType,
  type Component,
} from '../types.ts';
import type { Rated } from './facts.ts';
import type { Loaded } from './outcomes.ts';

/**
 * Settings of an operator that rules read. `timezone`: the present one, by which postings go;
 * `zones`: all of them, by which conversions go.
 */
export type OperatorRules = {
  id: string;
  currency: string;
  timezone: string;
  zones: Zones;
  clickWindowDays: number;
};

const NO_PARENTS: ParentHistory = new Map();

/**
 * Ratings of attributed conversions: the deal version in force and the slots. A conversion without
 * a deal has none.
 */
export function rateAll(
  operator: OperatorRules,
  versions: readonly DealVersion[],
  ordered: readonly Loaded[],
  attributions: ReadonlyMap<string, Attribution>,
  parents: ParentHistory = NO_PARENTS,
): Map<string, Rated> {
  const ofAffiliate = new Map<string, readonly DealVersion[]>();
  const rated = new Map<string, Rated>();
  for (const { event } of ordered) {
    const attribution = attributions.get(event.id)!;
    if (!isConversion(event.type) || attribution.kind !== 'attributed') continue;
    const { affiliateId } = attribution;
    let own = ofAffiliate.get(affiliateId);
    if (!own) {
      own = versions.filter((version) => version.affiliateId === null || version.affiliateId === affiliateId);
      ofAffiliate.set(affiliateId, own);
    }
    const version = versionInForce(own, affiliateId, event.occurredAt, attribution.from);
    if (version !== null) rated.set(event.id, ratedIn(operator, version, event, affiliateId, parents));
  }
  return rated;
}

/** The slots in which an affiliate's event earns by a version. */
export function ratedIn(
  operator: OperatorRules,
  version: DealVersion,
  event: ConversionEvent,
  affiliateId: string,
  parents: ParentHistory = NO_PARENTS,
): Rated {
  return { version, names: slotNamesOf(operator, version, event, affiliateId, parents) };
}

/**
 * The components that pay for an event, and whether the deal's month counts the event. `hasPayout`:
 * the operator computed the commission.
 */
export function earningBy(
  terms: Terms,
  event: Traded,
  hasPayout: boolean,
): { components: Component[]; isCounted: boolean } {
  const byOperator = hasPayout && terms.payout !== 'ignore';
  const paying = byOperator
    ? terms.components.filter(({ kind }) => isOperatorPayout(kind))
    : listeningTo(terms.components, event);
  const isCounted = isLinked(terms) && (paying.length > 0 || METRIC_EVENTS.has(event.type));
  return { components: paying, isCounted };
}

function slotNamesOf(
  operator: OperatorRules,
  version: DealVersion,
  event: ConversionEvent,
  affiliateId: string,
  parents: ParentHistory,
): SlotName[] {
  const { components: listening, isCounted: counts } = earningBy(
    version.terms,
    event,
    event.operatorPayoutMinor !== null,
  );
  if (listening.length === 0 && !counts) return [];
  const since = parentsSince(parents, affiliateId, event.occurredAt, version.terms.overrides.length);
  const of = {
    eventId: event.id,
    subject: subjectOf(event),
    affiliateId,
    month: monthByZones(event.occurredAt, operator.zones),
    parentsSince: Number.isFinite(since) ? since : null,
  };
  const names = listening.map((component) => slotNameOf(version, component, of));
  return counts ? [monthSlotNameOf(version.dealId, of), ...names] : names;
}

/** Events whose figures tiers may count. */
const METRIC_EVENTS: ReadonlySet<EventType> = new Set<EventType>(['ftd', 'trade', 'volume', 'revenue']);
