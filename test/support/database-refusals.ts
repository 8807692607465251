// Runs statements that PostgreSQL itself must refuse, by constraint or trigger.
import type { DatabaseError } from 'pg';
import type { Pool } from '../../store/db/pool.ts';

/** Result of a statement: its SQLSTATE and constraint, or the affected rows. Always rolled back. */
export async function statementResult(pool: Pool, statement: string): Promise<string> {
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
