// Settles events by the real rules, with a ledger in memory only.
import { openBatchLedger } from '../domain/settlement/batch-ledger.ts';
import { isMonthly } from '../domain/commission/slot-kinds.ts';
import { inOrder } from '../domain/settlement/batch.ts';
import { attributeAll, settleAll } from '../domain/settlement/settlement.ts';
import { monthByZones } from '../domain/ledger/periods.ts';
import { compileTerms, DEFAULT_CLAWBACK } from '../domain/commission/terms.ts';
import type { Binding, Click, ConversionEvent, DealVersion } from '../domain/types.ts';
import { newId } from '../store/db/ids.ts';
import { COMPONENTS } from './events.ts';
import type { Message } from '../domain/delivery/messages.ts';
import type { Loaded } from '../domain/settlement/outcomes.ts';
import type { Slot } from '../domain/settlement/slot.ts';
import { rateAll, type OperatorRules } from '../domain/settlement/rating.ts';

export type Memory = {
  /** Settles conversions and returns the messages to affiliates. */
  settle(events: readonly ConversionEvent[]): Message[];
};

/** Ledger of these affiliates, all on the bench's deal; `clicks`: the affiliate of each click. */
export function createMemory(
  operator: OperatorRules,
  affiliateIds: readonly string[],
  clicks: ReadonlyMap<string, string>,
): Memory {
  const versions = affiliateIds.map((affiliateId) => versionFor(affiliateId));
  const bindings = new Map<string, Binding>();
  const slots = new Map<string, Slot>();

  const load = (event: ConversionEvent): Loaded => ({
    event,
    outcome: null,
    click: clickOf(event, clicks),
    binding: bindings.get(event.customerId ?? '') ?? null,
  });

  return {
    settle(events) {
      const ordered = inOrder(events.map(load));
      const loaded = new Map<string, Slot>();
      const attributions = attributeAll(operator, ordered);
      const rated = rateAll(operator, versions, ordered, attributions);
      for (const { event } of ordered) {
        const attribution = attributions.get(event.id)!;
        if (attribution.kind !== 'attributed') throw new Error(`${event.id} belongs to nobody`);
        for (const { key } of rated.get(event.id)?.names ?? []) {
          const slot = slots.get(key);
          if (slot) loaded.set(key, slot);
        }
      }
      const books = openBatchLedger([...loaded.values()], new Map(), {
        newSlotId: () => newId('slot'),
        monthOf: (moment) => monthByZones(moment, operator.zones),
      });
      const settlement = settleAll({ operator, ordered, attributions, rated, rates: [], others: [] }, books);
      for (const binding of settlement.bindings) bindings.set(binding.customerId, binding);
      for (const [key, slot] of books.slots) {
        // The running sums replace a month's conversions, as they do in the database.
        if (isMonthly(slot.name.kind)) slot.groups.clear();
        slots.set(key, slot);
      }
      return settlement.messages;
    },
  };
}

function versionFor(affiliateId: string): DealVersion {
  const rest = { currency: 'USD', hold_days: 30, rounding: 'half_even', clawback: DEFAULT_CLAWBACK } as const;
  const compiled = compileTerms({ components: COMPONENTS, ...rest });
  if (compiled.kind === 'invalid')
    throw new Error(`the bench's terms do not compile: ${compiled.problems[0]?.message}`);
  return {
    dealId: `deal-of-${affiliateId}`,
    version: 1,
    affiliateId,
    effectiveFrom: 0,
    terms: compiled.terms,
  };
}

function clickOf(
  { clickId, receivedAt }: ConversionEvent,
  clicks: ReadonlyMap<string, string>,
): Click | null {
  const affiliateId = clicks.get(clickId ?? '');
  if (clickId === null || affiliateId === undefined) return null;
  return {
    id: clickId,
    affiliateId,
    linkId: null,
    subs: ['spring', null, null, null, null],
    clickedAt: receivedAt,
  };
}
