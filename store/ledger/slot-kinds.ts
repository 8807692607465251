// Kinds of slots as lists for SQL, made from the kinds' own properties.
import {
  CARRYOVER_KINDS,
  OPERATOR_PAYOUT_KINDS,
  CUSTOMER_KINDS,
  MONTHLY_KINDS,
  SINGLE_KINDS,
} from '../../domain/commission/slot-kinds.ts';

/** Names of the code's own, never a caller's. */
const listed = (kinds: readonly string[]): string => `(${kinds.map((kind) => `'${kind}'`).join(', ')})`;

/** Slots paid for one conversion: one per customer or event. */
export const OF_SINGLES = listed(SINGLE_KINDS);
/** Slots of customers, in which several conversions compete. */
export const PER_CUSTOMER = listed(CUSTOMER_KINDS);
/** Slots that hold a component's month. */
export const OF_COMPONENT_MONTHS = listed(MONTHLY_KINDS);
/** Slots whose basis is the payout that the operator computed. */
export const OF_PAYOUTS = listed(OPERATOR_PAYOUT_KINDS);
/** Months that carry losses on, and the months of deals that count what their tiers go by. */
export const OF_CHAINS = listed([...CARRYOVER_KINDS, 'month']);
