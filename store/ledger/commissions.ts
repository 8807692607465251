// Reads commissions: slots with their money, their last rating and their decisions. Slots that only
// count a month for tiers are no commissions.
import type { SlotMoney } from '../../domain/ledger/transfers.ts';
import { lookThrough, type Look, type LookedPage } from '../db/look-through.ts';
import type { Page } from '../db/page.ts';
import { allOf, parametersOf } from '../db/parameters.ts';
import type { Queryable } from '../db/pool.ts';
import { COVERED_EVENTS } from './covered-events.ts';
import type { Verdict } from './decision-rows.ts';
import { selected, SLOT_MONEY } from './money-columns.ts';
import { TRANSFER_COLUMNS, type Transfer } from './transfers.ts';

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
  affiliateName: string;
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

export type WholeCommission = Commission & { decisions: CommissionDecision[]; transfers: Transfer[] };

/** Transfers of a commission that are read with it; that of a month may have any number. */
export const LATEST_TRANSFERS = 50;

/** Filters of commissions, null where not set. */
type CommissionFilter = {
  affiliateId: string | null;
  state: CommissionState | null;
  currency: string | null;
  period: string | null;
};

/** Commissions of slots `s`, each with its last rating. */
const COMMISSIONS = `select s.id, s.affiliate_id as "affiliateId", a.name as "affiliateName", s.kind, s.component, s.deal_id as "dealId",
    s.deal_version as "dealVersion", s.currency, s.period, s.state, ${selected(SLOT_MONEY, 's')},
    s.hold_until as "holdUntil", s.rejected_at as "rejectedAt", s.created_at as "createdAt",
    ${COVERED_EVENTS} as events, r.formula, r.inputs
  from slots s
  join affiliates a on a.operator_id = $1 and a.id = s.affiliate_id
  left join ratings r on r.operator_id = $1 and r.slot_id = s.id and r.seq = s.ratings_count`;

export function createCommissions(db: Queryable) {
  return {
    async list(operatorId: string, filter: CommissionFilter, page: Page): Promise<LookedPage<Commission>> {
      const { ids, reached } = await lookThrough(db, lookFor(operatorId, filter), page);
      const { rows } = await db.query<Commission>(
        `${COMMISSIONS}
         where s.operator_id = $1 and s.id = any($2) order by s.id desc`,
        [operatorId, ids],
      );
      return { rows, reached };
    },

    /**
     * Null when there is no such commission. Decisions come oldest first; transfers are the latest,
     * the newest first.
     */
    async find(operatorId: string, id: string): Promise<WholeCommission | null> {
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
      const { rows: transfers } = await db.query<Transfer>(
        `select ${TRANSFER_COLUMNS} from transfers t where t.operator_id = $1 and t.slot_id = $2
         order by t.slot_seq desc limit ${LATEST_TRANSFERS}`,
        [operatorId, id],
      );
      return { ...rows[0], decisions, transfers };
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

const SLOTS = `state, affiliate_id, currency, period from slots where operator_id = $1 and kind <> 'month'`;

/** Along the index that leads to the fewest slots; those that are pending are most. */
function lookFor(operatorId: string, filter: CommissionFilter): Look {
  const { affiliateId, state, currency, period } = filter;
  const { values, parameter } = parametersOf(operatorId);
  const conditions = {
    affiliate: affiliateId && `affiliate_id = ${parameter(affiliateId)}`,
    state: state && `state = ${parameter(state)}`,
    currency: currency && `currency = ${parameter(currency)}`,
    period: period && `period = ${parameter(period)}`,
  };
  const byState = state !== null && state !== 'pending' ? `${conditions.state} and state <> 'pending'` : null;
  // The index of an affiliate has this expression, so that no look-up by id takes it.
  const rows = conditions.affiliate
    ? `select id || '' as id, ${SLOTS} and ${conditions.affiliate}`
    : `select id, ${SLOTS} and ${byState ?? conditions.period ?? 'true'}`;
  return { rows: [rows], chosen: allOf(Object.values(conditions).filter((one) => one !== null)), values };
}
