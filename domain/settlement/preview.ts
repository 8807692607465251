// Commission of past conversions by proposed terms. Nothing is posted: targets are computed over
// slots in memory.
import { parentsAt, type ParentHistory, type ParentSince } from '../attribution/parents.ts';
import { MAX_OVERRIDE_LEVELS } from '../commission/terms.ts';
import type { SlotName } from '../commission/commission.ts';
import { isUpToAmount } from '../commission/reversals.ts';
import { earliestOf, groupOf } from '../commission/group.ts';
import { rejecting } from '../commission/slot-facts.ts';
import { conversionFacts } from './facts.ts';
import type { FxRate } from '../ledger/fx.ts';
import { overrideSlotKey } from '../keys.ts';
import { monthByZones } from '../ledger/periods.ts';
import { recountedTargets, startRecount, type Recount } from './recount.ts';
import { attributionsOf } from './rate-again.ts';
import { effectsOf, type Effect } from './reversal-effects.ts';
import { inOrder, isReversalInForce } from './batch.ts';
import type { DealVersion } from '../types.ts';
import type { Loaded } from './outcomes.ts';
import { emptySlot, parentsMoment, type Slot } from './slot.ts';
import type { ParentsOf } from './slot-targets.ts';
import { rateAll, type OperatorRules } from './rating.ts';

/**
 * Proposed commission of an affiliate for a month and component; a parent's is listed as
 * `override`.
 */
export type WouldPay = { affiliateId: string; month: string; component: string; minor: bigint };

/** The version number of proposed terms: higher than every real one. */
export const PROPOSED = Number.MAX_SAFE_INTEGER;

/**
 * Settled conversions with their reversals. The deal's own versions are those before the proposed
 * one.
 */
type PreviewChunk = {
  settled: readonly Loaded[];
  others: readonly Loaded[];
  versions: readonly DealVersion[];
  rates: readonly FxRate[];
  /** Parents of the affiliates of these conversions, and of everyone above. */
  parents: ParentHistory;
};

type Preview = {
  /**
   * Adds the conversions that the proposed terms rate, and returns them; `lacking` counts
   * conversions that could not be rated, by reason. Conversions rated by earlier versions of the
   * deal are added too, since they take first deposits, places under caps and steps of the month.
   */
  add(chunk: PreviewChunk): Loaded[];
  readonly lacking: ReadonlyMap<string, number>;
  /**
   * `monthsBefore`: sums of the deal's earlier months, from
   * which losses are carried.
   */
  result(monthsBefore: readonly Slot[]): WouldPay[];
};

/**
 * `version` holds the proposed terms and replaces the deal's versions of its time, which must not
 * be among a chunk's.
 */
export function startPreview(operator: OperatorRules, version: DealVersion): Preview {
  const parents = new Map<string, readonly ParentSince[]>();
  const slots = new Map<string, Recount>();
  const lacking = new Map<string, number>();
  const month = (moment: number): string => monthByZones(moment, operator.zones);
  const parentsOf: ParentsOf = (affiliateId, moment) =>
    parentsAt(parents, affiliateId, moment, MAX_OVERRIDE_LEVELS);

  function slotOf(name: SlotName, affiliateId: string, by: DealVersion): Recount {
    let slot = slots.get(name.key);
    if (!slot) {
      slot = startRecount(
        { id: name.key, name, affiliateId, version: by, override: null, isRejected: false },
        month,
      );
      slots.set(name.key, slot);
    }
    return slot;
  }

  return {
    lacking,
    add({ settled, others, versions, rates, parents: above }) {
      for (const [affiliateId, history] of above) parents.set(affiliateId, history);
      const ordered = inOrder(settled);
      const rated = rateAll(operator, [...versions, version], ordered, attributionsOf(ordered), parents);
      const reversibles = ordered.map(({ event }) => ({
        event,
        terms: rated.get(event.id)?.version.terms ?? null,
        known: [],
      }));
      const effects = new Map<string, Effect[]>(reversibles.map(({ event }) => [event.id, []]));
      // A reversal up to an amount is divided among the conversions of its customer in this chunk.
      for (const effect of effectsOf(reversibles, others.filter(isReversalInForce), rates))
        effects.get(effect.conversionId)!.push(effect);
      const ofDeal = ordered.filter(({ event }) => rated.get(event.id)?.version.dealId === version.dealId);
      return ofDeal.filter(({ event, outcome, isRejected }) => {
        const { version: by, names } = rated.get(event.id)!;
        const factFor = conversionFacts(event, { version: by, names }, rates);
        const own = effects.get(event.id)!;
        const lacksRate = own.some(
          ({ reversal, why }) => why === 'no_exchange_rate' && !isUpToAmount(reversal),
        );
        if (typeof factFor !== 'function' || lacksRate) {
          const lacks = typeof factFor === 'function' ? 'no_exchange_rate' : factFor.reason;
          if (by === version) lacking.set(lacks, (lacking.get(lacks) ?? 0) + 1);
          return false;
        }
        const reversed = own.flatMap(({ fact }) => fact ?? []);
        for (const name of names) {
          const accrual = factFor(name.kind);
          const decided = isRejected ? [rejecting(accrual)] : [];
          slotOf(name, outcome!.affiliateId!, by).add(groupOf([accrual, ...reversed, ...decided], by));
        }
        return by === version;
      });
    },
    result(monthsBefore) {
      const counted = [...slots.values()].map((slot) => slot.result());
      const parts = counted.flatMap((slot) => partsOf(slot, parentsOf));
      const targets = recountedTargets([...counted, ...parts], month, parentsOf, monthsBefore);
      return counted.flatMap((slot): WouldPay[] => {
        const minor = slot.version === version ? targets.get(slot.id)! : 0n;
        if (minor === 0n) return [];
        const first = earliestOf(slot.groups.values());
        const of = { month: slot.name.period ?? month(first!.accrual.occurredAt) };
        return [
          { ...of, affiliateId: slot.affiliateId, component: slot.name.component, minor },
          ...parts
            .filter(({ override }) => override!.sourceId === slot.id)
            .map((part) => ({
              ...of,
              affiliateId: part.affiliateId,
              component: 'override',
              minor: targets.get(part.id)!,
            })),
        ];
      });
    },
  };
}

/** The parts of a slot that its version pays to parents. */
function partsOf(slot: Slot, parentsOf: ParentsOf): Slot[] {
  const { id, name, version, affiliateId } = slot;
  const moment = parentsMoment(slot);
  if (name.kind === 'month' || moment === null) return [];
  const parents = parentsOf(affiliateId, moment).slice(0, version.terms.overrides.length);
  return parents.map((parentId, index) => {
    const level = index + 1;
    const key = overrideSlotKey(level, parentId, name.key);
    const part: SlotName = { ...name, key, kind: 'override' };
    return emptySlot(key, part, version, parentId, { sourceId: id, level });
  });
}
