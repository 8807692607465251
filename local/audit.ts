// `npm run audit`: one line of JSON for each operator and currency, findings on stderr; ends with 1 if anything is unexplained.
import { loadLocalConfig } from '../config.ts';
import { AUDIT_CONNECTIONS, auditAll } from '../store/audit/audit.ts';
import { createPool } from '../store/db/pool.ts';
import { embeddedDatabaseUrl } from './data-dir.ts';

/** More would hide the first; the counts are in the lines. */
const FINDINGS_AT_MOST = 1000;

async function run(): Promise<void> {
  const { databaseUrl, dataDir } = loadLocalConfig();
  const pool = createPool(databaseUrl ?? embeddedDatabaseUrl(dataDir), {
    max: AUDIT_CONNECTIONS,
    applicationName: 'postrider audit',
  });
  let findings = 0;
  try {
    const lines = auditAll(pool, (operator, { minor, ...finding }) => {
      if (++findings <= FINDINGS_AT_MOST)
        console.error(JSON.stringify({ operator, minor: String(minor), ...finding }));
    });
    for await (const line of lines) console.log(JSON.stringify(line));
  } finally {
    await pool.end();
  }
  if (findings > FINDINGS_AT_MOST) console.error(`and ${findings - FINDINGS_AT_MOST} more`);
  if (findings > 0) process.exitCode = 1;
}

try {
  await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
