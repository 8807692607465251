// Corrupts tables of the ledger, past triggers and keys, for tests of the audit.
import type { Pool } from '../../store/db/pool.ts';

/**
 * Runs `look` after a statement corrupted tables with triggers and keys switched off, and then
 * restores these tables and the amounts of events.
 */
export async function withCorruptedBooks<T>(
  pool: Pool,
  tables: readonly string[],
  statement: string,
  look: () => Promise<T>,
): Promise<T> {
  const asSuperuser = (statements: readonly string[]) =>
    pool.query(['begin; set local session_replication_role = replica', ...statements, 'commit'].join('; '));
  await asSuperuser([
    'create schema healthy',
    ...[...tables, 'events'].map((table) => `create table healthy.${table} as table ${table}`),
    statement,
  ]);
  try {
    return await look();
  } finally {
    const events =
      'update events e set amount_minor = h.amount_minor from healthy.events h where h.id = e.id';
    const restored = tables.map(async (table) => {
      const { rows } = await pool.query<{ columns: string }>(
        `select string_agg(attname, ', ') as columns from pg_attribute
         where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
        [table],
      );
      const { columns } = rows[0]!;
      return `delete from ${table}; insert into ${table} (${columns}) overriding system value
        select ${columns} from healthy.${table}`;
    });
    await asSuperuser([...(await Promise.all(restored)), events, 'drop schema healthy cascade']);
  }
}
