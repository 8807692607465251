// `npm run audit`, or `npm run audit -- opr_…` for one operator: prints one line of JSON per
// operator and currency, and findings on stderr. Exit code 1 when anything is unexplained, 2 when
// the audit could not run.
import { loadLocalConfig } from '../config.ts';
import { AUDIT_CONNECTIONS, auditAll } from '../store/audit/audit.ts';
import type { Finding } from '../store/audit/context.ts';
import { createPool } from '../store/db/pool.ts';
import { embeddedDatabaseUrl } from './data-dir.ts';

/** Limits the printed findings, so that the first stay visible. The counts are in the lines. */
const MAX_PRINTED_FINDINGS = 1000;

async function run(): Promise<void> {
  const { databaseUrl, dataDir } = loadLocalConfig();
  const pool = createPool(databaseUrl ?? embeddedDatabaseUrl(dataDir), {
    max: AUDIT_CONNECTIONS,
    applicationName: 'postrider audit',
  });
  let findings = 0;
  try {
    const print = (operator: string, { minor, ...finding }: Finding): void => {
      if (++findings <= MAX_PRINTED_FINDINGS)
        console.error(JSON.stringify({ operator, minor: String(minor), ...finding }));
    };
    const lines = auditAll(pool, print, process.argv[2]);
    for await (const line of lines) console.log(JSON.stringify(line));
  } finally {
    await pool.end();
  }
  if (findings > MAX_PRINTED_FINDINGS) console.error(`and ${findings - MAX_PRINTED_FINDINGS} more`);
  if (findings > 0) process.exitCode = 1;
}

try {
  await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
