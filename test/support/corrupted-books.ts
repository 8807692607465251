// Corrupts the ledger behind its triggers and keys, to test that the audit detects it.
import type { Pool } from '../../store/db/pool.ts';

/**
 * Runs `look` while a statement has corrupted the ledger with triggers and foreign keys disabled.
 * Restores the given tables and the amounts of events afterwards.
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
    const restored = tables.map(
      (table) => `delete from ${table}; insert into ${table} select * from healthy.${table}`,
    );
    await asSuperuser([...restored, events, 'drop schema healthy cascade']);
  }
}
