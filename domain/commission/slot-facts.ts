// Facts of a conversion in a slot. Each time a conversion is rated again in a slot, its facts are
// written anew with the next revision; the facts of the highest revision are in force.
import type { EventType } from '../types.ts';

/**
 * A fact about a conversion in a slot: the conversion itself, a reversal of it, or that it left the
 * slot. `eventId`: the conversion, or the event that reverses it. `revision`: 0 for the first
 * rating of the conversion in the slot. `whole`: of a reversal, whether it takes everything; of a
 * win, whether it undoes its chargebacks whatever they took. `amountMinor`: in the conversion's
 * currency, in which refunds, chargebacks and wins are measured. `basisMinor`: in the deal's
 * currency, by the stored rate `fx` when the currencies differ. `customer`: the customer of a first
 * deposit in a month that counts them; otherwise null. `payment`: the transaction id of an `ftd` or
 * a `deposit`, in slots that may add both up; otherwise null. `cancels`: the event id of the
 * chargeback that a win names; null for any.
 */
export type SlotFact = {
  originalEventId: string;
  eventId: string;
  revision: number;
  type: EventType | ConversionChange;
  whole: boolean;
  amountMinor: bigint;
  basisMinor: bigint;
  volumeE4: bigint;
  occurredAt: number;
  fx: { rateId: string; rate: string } | null;
  customer: string | null;
  payment: string | null;
  cancels: string | null;
};

/**
 * Types of facts that no other event caused: the conversion left the slot, or a person rejected it,
 * which takes everything back like a reversal.
 */
type ConversionChange = 'left' | 'rejected';

/** Whether a fact is the conversion itself with its values. */
export function isAccrual({
  originalEventId,
  eventId,
  type,
}: Pick<SlotFact, 'originalEventId' | 'eventId' | 'type'>): boolean {
  return eventId === originalEventId && type !== 'left' && type !== 'rejected';
}

/** The fact that a conversion leaves the slot. */
export function leaving(accrual: SlotFact): SlotFact {
  const nothing = { amountMinor: 0n, basisMinor: 0n, volumeE4: 0n, fx: null };
  return { ...accrual, ...nothing, type: 'left', whole: true };
}

/** The fact that a person rejected a conversion. */
export function rejecting(accrual: SlotFact): SlotFact {
  return {
    ...accrual,
    basisMinor: 0n,
    volumeE4: 0n,
    fx: null,
    customer: null,
    payment: null,
    type: 'rejected',
    whole: true,
  };
}

/** The facts of the highest revision among the facts of one conversion in one slot. */
export function factsInForce<F extends Pick<SlotFact, 'revision'>>(facts: readonly F[]): F[] {
  const last = facts.reduce((highest, { revision }) => Math.max(highest, revision), 0);
  return facts.filter(({ revision }) => revision === last);
}

/**
 * Whether two facts state the same, whatever their revisions. `payment` is not compared: it never
 * changes for an event, and some slots are loaded without it.
 */
export function statesTheSame(a: SlotFact, b: SlotFact): boolean {
  return (
    a.eventId === b.eventId &&
    a.type === b.type &&
    a.whole === b.whole &&
    a.amountMinor === b.amountMinor &&
    a.basisMinor === b.basisMinor &&
    a.volumeE4 === b.volumeE4 &&
    a.fx?.rateId === b.fx?.rateId &&
    a.customer === b.customer &&
    a.cancels === b.cancels
  );
}
