// Kinds of slots as lists for SQL, made from the kinds' own properties.
import {
  CARRYOVER_KINDS,
  OPERATOR_PAYOUT_KINDS,
  SYMBOL_KINDS,
  CUSTOMER_KINDS,
  MONTHLY_KINDS,
  SINGLE_KINDS,
} from '../../domain/commission/slot-kinds.ts';
import { sqlList } from '../db/sql-list.ts';

/** Slots paid for one conversion: one per customer or event. */
export const OF_SINGLES = sqlList(SINGLE_KINDS);
/** Slots of customers, in which several conversions compete. */
export const PER_CUSTOMER = sqlList(CUSTOMER_KINDS);
/** Slots that hold a component's month. */
export const OF_COMPONENT_MONTHS = sqlList(MONTHLY_KINDS);
/** Slots whose basis is the payout that the operator computed. */
export const OF_PAYOUTS = sqlList(OPERATOR_PAYOUT_KINDS);
/** Months that carry losses on, and the months of deals that count what their tiers go by. */
export const OF_CHAINS = sqlList([...CARRYOVER_KINDS, 'month']);
/** Slots of components that may be for some symbols. */
export const OF_SYMBOLS = sqlList(SYMBOL_KINDS);
