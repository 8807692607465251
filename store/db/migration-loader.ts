// Makes migrations of SQL files that do not stand in the way of a system at work: a lock is waited
// for briefly, and an index of a table in use is built while rows are written.
import { readFile } from 'node:fs/promises';
import type { MigrationBuilder } from 'node-pg-migrate';

/**
 * A lock that is waited for stops everybody behind it. Shorter than a statement of the API may take
 * (`store/db/pool.ts`).
 */
const LOCK_WITHIN_MS = 1000;

/** For `migrationLoaderStrategies` of node-pg-migrate. */
export async function loadSqlFiles(paths: string[]) {
  return Promise.all(
    paths.map(async (path) => ({
      id: path,
      filePaths: [path],
      actions: { up: stepsOf(await readFile(path, 'utf8')), down: false as const },
    })),
  );
}

/**
 * A file that says `concurrently` is run statement by statement outside a transaction, as
 * PostgreSQL demands. It must be written so that it can begin anew after half of it.
 */
function stepsOf(sql: string): (builder: MigrationBuilder) => void {
  if (!/^[^-]*\bconcurrently\b/m.test(sql))
    return (builder) => builder.sql(`set local lock_timeout = ${LOCK_WITHIN_MS};\n${sql}`);
  return (builder) => {
    builder.noTransaction();
    for (const statement of sql.split(/;\s*$/m)) if (statement.trim() !== '') builder.sql(statement);
  };
}
