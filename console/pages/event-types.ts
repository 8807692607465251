// The standard types of events, of which people choose one.
import type { RowOf } from '../wire/types.ts';

export type EventType = RowOf<'/v1/event-types'>['standard'];

/** In the order of the documentation; the compiler asks for one that is missing. */
const TYPES = {
  registration: null,
  kyc: null,
  ftd: null,
  deposit: null,
  trade: null,
  volume: null,
  revenue: null,
  challenge_purchase: null,
  sale: null,
  vip_upgrade: null,
  reactivation: null,
  chargeback: null,
  refund: null,
  bonus_abuse: null,
  fraud: null,
  account_closure: null,
  chargeback_won: null,
} as const satisfies Readonly<Record<EventType, null>>;

export const EVENT_TYPES = Object.keys(TYPES) as readonly EventType[];
