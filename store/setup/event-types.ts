// Event type aliases: names that operators use for standard event types.
import type { EventType } from '../../domain/types.ts';
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';

export type EventTypeAlias = { id: string; name: string; standard: EventType; createdAt: Date };

const COLUMNS = `id, name, standard, created_at as "createdAt"`;

export function createEventTypes(db: Queryable) {
  return {
    /** Adds an alias. Returns the existing alias when the name is taken. */
    async insert(
      operatorId: string,
      { id, name, standard }: Omit<EventTypeAlias, 'createdAt'>,
    ): Promise<EventTypeAlias> {
      await db.query(
        `insert into event_types (operator_id, id, name, standard)
         values ($1, $2, $3, $4)
         on conflict (operator_id, name) do nothing`,
        [operatorId, id, name, standard],
      );
      const { rows } = await db.query<EventTypeAlias>(
        `select ${COLUMNS} from event_types where operator_id = $1 and name = $2`,
        [operatorId, name],
      );
      if (rows[0] === undefined) throw new Error('a name was removed while it was being added');
      return rows[0];
    },

    async count(operatorId: string): Promise<number> {
      const { rows } = await db.query<{ count: number }>(
        `select count(*)::int as count from event_types where operator_id = $1`,
        [operatorId],
      );
      return rows[0]!.count;
    },

    /**
     * Removes an alias. False when it is unknown. Events received under the alias keep their type.
     */
    async remove(operatorId: string, nameOrId: string): Promise<boolean> {
      const { rowCount } = await db.query(
        `delete from event_types where operator_id = $1 and (id = $2 or name = $2)`,
        [operatorId, nameOrId],
      );
      return rowCount !== 0;
    },

    async list(operatorId: string, page: Page): Promise<EventTypeAlias[]> {
      const { rows } = await db.query<EventTypeAlias>(
        `select ${COLUMNS}
         from event_types
         where operator_id = $1 and ($2::text is null or id < $2)
         order by id desc limit $3`,
        [operatorId, page.before, page.limit],
      );
      return rows;
    },
  };
}
