// Erasures of customers as rows: begun by the API, and read by its callers until they are done.
import { newId } from '../db/ids.ts';
import type { Pool } from '../db/pool.ts';

export const ERASURE_STATES = ['running', 'done'] as const;

/** `events`: looked through so far. `deliveries`: postbacks about them that were emptied. */
export type Erasure = {
  id: string;
  state: (typeof ERASURE_STATES)[number];
  events: number;
  deliveries: number;
  /** Id of the API key. */
  actor: string;
  createdAt: Date;
  finishedAt: Date | null;
};

const COLUMNS = `id, state, events, deliveries, actor, created_at as "createdAt", finished_at as "finishedAt"`;

export function createErasures(pool: Pool) {
  return {
    /** Begins to erase a customer; returns the erasure that runs where there is one. */
    async begin(operatorId: string, customerId: string, actor: string): Promise<Erasure> {
      const { rows } = await pool.query<Erasure>(
        `insert into erasures (operator_id, id, customer_id, erased_id, actor) values ($1, $2, $3, $4, $5)
         on conflict (operator_id, customer_id) where state = 'running' do update set state = 'running'
         returning ${COLUMNS}`,
        [operatorId, newId('ers'), customerId, newId('erased'), actor],
      );
      return rows[0]!;
    },

    async find(operatorId: string, id: string): Promise<Erasure | null> {
      const { rows } = await pool.query<Erasure>(
        `select ${COLUMNS} from erasures where operator_id = $1 and id = $2`,
        [operatorId, id],
      );
      return rows[0] ?? null;
    },
  };
}
