// What the database itself refuses, whoever asks.
import type { DatabaseError } from 'pg';
import type { Pool } from '../../store/db/pool.ts';

/** What PostgreSQL says to a statement: its SQLSTATE and the constraint, or what it did. Whatever it did is undone. */
export async function answerOf(pool: Pool, statement: string): Promise<string> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    return await client.query(statement).then(
      ({ rowCount }) => `done with ${rowCount} rows`,
      ({ code, constraint }: DatabaseError) => `${code} ${constraint ?? ''}`.trim(),
    );
  } finally {
    await client.query('rollback');
    client.release();
  }
}
