// Commissions as people look at them: a commission is a slot, with where its money is, why it is worth what it is, and who decided what about
// it. Slots that only count a month for tiers are none.
import type { SlotMoney } from '../../domain/ledger/transfers.ts';
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';
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
export type CommissionState = (typeof COMMISSION_STATES)[number];

/** One thing that can be earned. Money is where it is now; a monthly one holds more than one event, and says so by its period. */
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
  formula: string | null;
  inputs: unknown;
};

/** What somebody decided about a commission; the actor is the API key it was done with. */
export type Decision = {
  id: string;
  decision: 'approved' | 'rejected';
  amountMinor: bigint;
  actor: string;
  reason: string | null;
  decidedAt: Date;
};

/** Null where a filter is not set. */
export type CommissionFilter = {
  affiliateId: string | null;
  state: CommissionState | null;
  currency: string | null;
  period: string | null;
};

/** Where the money of a slot `s` is; where it is in several places, the one that is earliest on its way. `owed`: an adjustment by hand, down. */
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
const COMMISSIONS = `select s.id, s.affiliate_id as "affiliateId", s.kind, s.component, s.deal_id as "dealId", s.deal_version as "dealVersion",
    s.currency, s.period, ${STATE} as state, ${selected(SLOT_MONEY, 's')},
    s.hold_until as "holdUntil", s.rejected_at as "rejectedAt", s.created_at as "createdAt", r.formula, r.inputs
  from slots s
  left join ratings r on r.operator_id = $1 and r.slot_id = s.id and r.seq = s.ratings_count`;

export type Commissions = ReturnType<typeof createCommissions>;

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
    async find(operatorId: string, id: string): Promise<(Commission & { decisions: Decision[] }) | null> {
      const { rows } = await db.query<Commission>(
        `${COMMISSIONS} where s.operator_id = $1 and s.id = $2 and s.kind <> 'month'`,
        [operatorId, id],
      );
      if (rows[0] === undefined) return null;
      const { rows: decisions } = await db.query<Decision>(
        `select id, decision, amount_minor as "amountMinor", actor, reason, decided_at as "decidedAt" from commission_decisions
         where operator_id = $1 and slot_id = $2 order by id`,
        [operatorId, id],
      );
      return { ...rows[0], decisions };
    },

    /** What an event, as a conversion, earned in. */
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
