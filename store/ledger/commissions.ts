// Reads commissions: slots with their money, their last rating and their decisions. Slots that only
// count a month for tiers are no commissions.
import type { SlotMoney } from '../../domain/ledger/transfers.ts';
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';
import { COVERED_EVENTS } from './covered-events.ts';
import type { Verdict } from './decision-rows.ts';
import { selected, SLOT_MONEY } from './money-columns.ts';

export const COMMISSION_STATES = [
  'pending',
  'payable',
  'in_payout',
  'paid',
  'reversed',
  'rejected',
  'owed',
] as const;
type CommissionState = (typeof COMMISSION_STATES)[number];

/** A commission. A monthly one holds more than one event and has a period. */
export type Commission = SlotMoney & {
  id: string;
  affiliateId: string;
  kind: string;
  component: string;
  /** Null for an adjustment by hand. */
  dealId: string | null;
  dealVersion: number | null;
  currency: string;
  period: string | null;
  state: CommissionState;
  holdUntil: Date;
  rejectedAt: Date | null;
  createdAt: Date;
  /** How many events it is for. */
  events: number;
  formula: string | null;
  inputs: unknown;
};

/** A decision about a commission. `actor` is the id of the API key that was used. */
export type CommissionDecision = {
  id: string;
  decision: Verdict;
  amountMinor: bigint;
  actor: string;
  reason: string | null;
  decidedAt: Date;
};

/** Filters of commissions, null where not set. */
type CommissionFilter = {
  affiliateId: string | null;
  state: CommissionState | null;
  currency: string | null;
  period: string | null;
};

/**
 * The state of a slot `s`, by the earliest stage at which it has money. `owed`: a downward
 * adjustment.
 */
const STATE = `case
    when s.rejected_at is not null then 'rejected'
    when s.gross_minor > 0 and s.gross_minor = s.void_minor + s.clawed_minor + s.debt_minor then 'reversed'
    when s.pending_minor > 0 then 'pending'
    when s.payable_minor > 0 then 'payable'
    when s.in_payout_minor > 0 then 'in_payout'
    when s.paid_minor > 0 then 'paid'
    when s.debt_minor > 0 then 'owed'
    else 'pending' end`;

/** Commissions of slots `s`, each with its last rating. */
const COMMISSIONS = `select s.id, s.affiliate_id as "affiliateId", s.kind, s.component, s.deal_id as "dealId",
    s.deal_version as "dealVersion", s.currency, s.period, ${STATE} as state, ${selected(SLOT_MONEY, 's')},
    s.hold_until as "holdUntil", s.rejected_at as "rejectedAt", s.created_at as "createdAt",
    ${COVERED_EVENTS} as events, r.formula, r.inputs
  from slots s
  left join ratings r on r.operator_id = $1 and r.slot_id = s.id and r.seq = s.ratings_count`;

export function createCommissions(db: Queryable) {
  return {
    async list(operatorId: string, filter: CommissionFilter, page: Page): Promise<Commission[]> {
      const { rows } = await db.query<Commission>(
        `${COMMISSIONS}
         where s.operator_id = $1 and s.kind <> 'month'
           and ($2::text is null or s.affiliate_id = $2)
           and ($3::text is null or ${STATE} = $3)
           and ($4::text is null or s.currency = $4)
           and ($5::text is null or s.period = $5)
           and ($6::text is null or s.id || '' < $6)
         order by s.id || '' desc limit $7`,
        [
          operatorId,
          filter.affiliateId,
          filter.state,
          filter.currency,
          filter.period,
          page.before,
          page.limit,
        ],
      );
      return rows;
    },

    /** Null when there is no such commission. Decisions come oldest first. */
    async find(
      operatorId: string,
      id: string,
    ): Promise<(Commission & { decisions: CommissionDecision[] }) | null> {
      const { rows } = await db.query<Commission>(
        `${COMMISSIONS} where s.operator_id = $1 and s.id = $2 and s.kind <> 'month'`,
        [operatorId, id],
      );
      if (rows[0] === undefined) return null;
      const { rows: decisions } = await db.query<CommissionDecision>(
        `select id, decision, amount_minor as "amountMinor", actor, reason, decided_at as "decidedAt"
         from commission_decisions where operator_id = $1 and slot_id = $2 order by id`,
        [operatorId, id],
      );
      return { ...rows[0], decisions };
    },

    /** The commissions in which a conversion earned. */
    async ofConversion(operatorId: string, eventId: string): Promise<Commission[]> {
      const { rows } = await db.query<Commission>(
        `${COMMISSIONS}
         where s.operator_id = $1 and s.kind <> 'month'
           and s.id in (select slot_id from slot_facts where operator_id = $1 and original_event_id = $2)
         order by s.id`,
        [operatorId, eventId],
      );
      return rows;
    },
  };
}
