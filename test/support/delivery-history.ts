// History of every row of `deliveries`, which a trigger of the test keeps, so that a property can
// look at each moment and not only at the end.
import type { Pool } from '../../store/db/pool.ts';

/** A delivery from one moment on. `sending`: claimed by somebody who sends it. */
export type Moment = {
  id: string;
  at: number;
  owner: string | null;
  state: string;
  attempts: number;
  nextCause: string | null;
  predecessorId: string | null;
  sending: boolean;
};

export async function keepHistory(pool: Pool): Promise<void> {
  await pool.query(`
    create table delivery_history (
      number bigint generated always as identity, operator_id text, id text, at timestamptz, owner text,
      state text, attempts int, next_cause text, predecessor_id text, sending boolean);
    create function note_delivery() returns trigger language plpgsql as $$ begin
      insert into delivery_history (operator_id, id, at, owner, state, attempts, next_cause, predecessor_id, sending)
      values (new.operator_id, new.id, clock_timestamp(), new.owner, new.state, new.attempts, new.next_cause,
        new.predecessor_id, new.sending_until is not null);
      return null;
    end $$;
    create trigger noted after insert or update on deliveries for each row execute function note_delivery()`);
}

/** Moments of an operator's deliveries in their order, by delivery. */
export async function historyOf(pool: Pool, operatorId: string): Promise<Map<string, Moment[]>> {
  const { rows } = await pool.query<Moment>(
    `select id, (extract(epoch from at) * 1000)::float8 as at, owner, state, attempts,
       next_cause as "nextCause", predecessor_id as "predecessorId", sending
     from delivery_history where operator_id = $1 order by number`,
    [operatorId],
  );
  const byId = new Map<string, Moment[]>();
  for (const moment of rows) byId.set(moment.id, [...(byId.get(moment.id) ?? []), moment]);
  return byId;
}
