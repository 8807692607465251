// Amendments: stores corrections of events and decisions about them, and lists their versions.
import type { EventType } from '../../domain/types.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';

/**
 * All amendable values of an event, changed or not. `metadata` is JSON text. `voided`: the event is
 * out of the books. `rejected`: a person rejected the conversion.
 */
export type AmendableValues = {
  amountMinor: bigint | null;
  currency: string | null;
  volumeE4: bigint | null;
  payoutMinor: bigint | null;
  /** Null: that of the amount. */
  payoutCurrency: string | null;
  metadata: string | null;
  voided: boolean;
  rejected: boolean;
};

/** An event with the values of its latest amendment, booked or not. */
export type AmendableEvent = {
  type: EventType;
  status: string;
  reason: string | null;
  values: AmendableValues;
};

/**
 * Result of an amendment. `number` counts the amendments of the event from 1; 0 means the values as
 * sent.
 */
type AmendmentResult = { kind: 'accepted' | 'duplicate'; number: number };

export const AMENDMENT_STATES = ['accepted', 'waiting', 'applied', 'superseded'] as const;

/**
 * A version of an event. `sent`: as received; `waiting`: a requirement named by `waitsFor` is
 * missing.
 */
export type EventVersion = AmendableValues & {
  number: number;
  state: 'sent' | (typeof AMENDMENT_STATES)[number];
  waitsFor: string | null;
  actor: string | null;
  reason: string | null;
  since: Date;
  appliedAt: Date | null;
};

const VALUES = (alias: string): string => `
  ${alias}.amount_minor as "amountMinor", ${alias}.currency, ${alias}.volume_e4 as "volumeE4",
  ${alias}.payout_minor as "payoutMinor", ${alias}.payout_currency as "payoutCurrency",
  ${alias}.metadata::text as metadata`;

/** Nothing is voided or rejected in the values that were sent. */
const AS_SENT = 'false as voided, false as rejected';

/**
 * Joins the amendment in force of an event `e` as `m`. Its values come first in `coalesce`, since
 * an amendment never clears a value.
 */
export const JOIN_AMENDMENT =
  'left join amendments m on m.operator_id = $1 and m.event_id = e.id and m.in_force';

export function createAmendments(pool: Pool) {
  return {
    /**
     * Stores the values that `amend` derives from the latest values of an event. Returns
     * `duplicate` when they are equal, null for an unknown event. Rethrows what `amend` throws, and
     * stores nothing. Amendments of one event run one after the other.
     */
    async insert(
      operatorId: string,
      eventId: string,
      by: { actor: string; reason: string | null },
      amend: (event: AmendableEvent) => AmendableValues,
    ): Promise<AmendmentResult | null> {
      return await withTransaction(pool, async (client) => {
        await client.query(`select pg_advisory_xact_lock(hashtextextended('amend ' || $1 || ' ' || $2, 0))`, [
          operatorId,
          eventId,
        ]);
        const latest = await findLatest(client, operatorId, eventId);
        if (latest === null) return null;
        const values = amend(latest);
        if (sameValues(latest.values, values)) return { kind: 'duplicate', number: latest.number };
        const number = latest.number + 1;
        await client.query(
          `insert into amendments (operator_id, event_id, number, amount_minor, currency, volume_e4,
             payout_minor, payout_currency, metadata, voided, rejected, actor, reason)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
          [
            operatorId,
            eventId,
            number,
            values.amountMinor,
            values.currency,
            values.volumeE4,
            values.payoutMinor,
            values.payoutCurrency,
            values.metadata,
            values.voided,
            values.rejected,
            by.actor,
            by.reason,
          ],
        );
        return { kind: 'accepted', number };
      });
    },

    /** Whether this amendment or a later one of the event was booked. */
    async isApplied(operatorId: string, eventId: string, number: number): Promise<boolean> {
      const { rowCount } = await pool.query(
        `select from amendments a
         left join event_outcomes o on o.operator_id = $1 and o.event_id = $2
         where a.operator_id = $1 and a.event_id = $2 and a.number >= $3 and a.state = 'applied'
           and o.reason is distinct from 'unvoided'
         limit 1`,
        [operatorId, eventId, number],
      );
      return rowCount === 1;
    },
  };
}

/** All versions of an amended event, the sent one first; none for an event without amendments. */
export async function listVersions(
  db: Queryable,
  operatorId: string,
  eventId: string,
): Promise<EventVersion[]> {
  const { rows } = await db.query<EventVersion>(
    `select number, ${VALUES('m')}, m.voided, m.rejected, state, waits_for as "waitsFor", actor, reason, amended_at as since,
       applied_at as "appliedAt"
     from amendments m where operator_id = $1 and event_id = $2
     union all
     select 0, ${VALUES('e')}, ${AS_SENT}, 'sent', null, null, null, e.received_at, null
     from events e where e.operator_id = $1 and e.id = $2
       and exists (select from amendments where operator_id = $1 and event_id = $2)
     order by number`,
    [operatorId, eventId],
  );
  return rows;
}

async function findLatest(
  db: Queryable,
  operatorId: string,
  eventId: string,
): Promise<(AmendableEvent & { number: number }) | null> {
  const { rows } = await db.query<Omit<AmendableEvent, 'values'> & AmendableValues & { number: number }>(
    `select 0 as number, e.type, coalesce(o.status, 'accepted') as status, o.reason, ${VALUES('e')}, ${AS_SENT}
     from events e left join event_outcomes o on o.operator_id = $1 and o.event_id = e.id
     where e.operator_id = $1 and e.id = $2
     union all
     select m.number, e.type, coalesce(o.status, 'accepted'), o.reason, ${VALUES('m')}, m.voided, m.rejected
     from amendments m join events e on e.operator_id = $1 and e.id = $2
     left join event_outcomes o on o.operator_id = $1 and o.event_id = $2
     where m.operator_id = $1 and m.event_id = $2
     order by number desc limit 1`,
    [operatorId, eventId],
  );
  const [row] = rows;
  if (!row) return null;
  const { number, type, status, reason, ...values } = row;
  return { number, type, status, reason, values };
}

function sameValues(a: AmendableValues, b: AmendableValues): boolean {
  return (
    a.amountMinor === b.amountMinor &&
    a.currency === b.currency &&
    a.volumeE4 === b.volumeE4 &&
    a.payoutMinor === b.payoutMinor &&
    a.payoutCurrency === b.payoutCurrency &&
    a.metadata === b.metadata &&
    a.voided === b.voided &&
    a.rejected === b.rejected
  );
}

/** Forgets the notes in amendments of these events, and a reason that names the customer. */
export async function eraseAmendments(
  db: Queryable,
  { operatorId, customerId }: { operatorId: string; customerId: string },
  eventIds: readonly string[],
): Promise<void> {
  await db.query(
    `update amendments set metadata = null,
       reason = case when position($3 in reason) = 0 then reason end
     where operator_id = $1 and event_id = any($2) and (metadata is not null or position($3 in reason) > 0)`,
    [operatorId, eventIds, customerId],
  );
}
