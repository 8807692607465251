// How long each list and report takes for an operator with millions of events: every request that
// reads, with every filter, over HTTP, on a database and an API process of their own.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDocument } from '../api/openapi/document.ts';
import { RESOURCES } from '../api/resources.ts';
import { startPostgres } from '../local/postgres.ts';
import { startTemporal } from '../local/temporal.ts';
import { findTemporalCli } from '../local/temporal-cli.ts';
import { migrate } from '../store/db/migrate.ts';
import { createPool } from '../store/db/pool.ts';
import { freePort } from '../test/support/ports.ts';
import { startApi } from './api-process.ts';
import { percentile, saveResults, type Figures } from './figures.ts';
import { writeListsData, type ListsData } from './lists/data.ts';
import { readingsOf, type Reading } from './lists/requests.ts';

/** Of as many, p99 is all but the slowest. */
const TIMES = 100;
const SHOWN = 40;
/** A request that takes longer is too slow, unless it is long by its nature. */
const SLOW_MS = 100;
const CHECKSUMS = fileURLToPath(new URL('../store/migrations/checksums.json', import.meta.url));
const ADMIN_TOKEN = 'administrator of the bench';
/** What a kept folder holds beside the database; `schema`: a digest of the migrations. */
type Kept = { data: ListsData; apiKey: string; schema: string };
type Measured = { request: string; status: number; isLong: boolean; p50: number; p99: number };

/**
 * `keep`: a folder for the database, which stays; a second run there measures without writing the
 * data again. `match`: what the requests contain. Throws when one fails.
 */
export async function measureLists(
  events: number,
  keep: string | undefined,
  match: string,
): Promise<Partial<Figures>> {
  const dataDir = keep === undefined ? mkdtempSync(join(tmpdir(), 'postrider-bench-')) : resolve(keep);
  mkdirSync(dataDir, { recursive: true });
  chmodSync(dataDir, 0o755);
  const postgres = await startPostgres({
    dataDir,
    port: await freePort(),
    password: 'bench',
    settings: { fsync: 'off', max_wal_size: '8GB', maintenance_work_mem: '512MB' },
  });
  try {
    if (!existsSync(join(dataDir, 'lists.json'))) await migrate(postgres.url);
    return await onDatabase(postgres.url, dataDir, events, match);
  } finally {
    await postgres.stop();
    if (keep === undefined) rmSync(dataDir, { recursive: true, force: true });
  }
}

async function onDatabase(
  databaseUrl: string,
  dataDir: string,
  events: number,
  match: string,
): Promise<Partial<Figures>> {
  const temporal = await startTemporal({
    program: await findTemporalCli(console.log),
    dataDir,
    port: await freePort(),
    namespace: 'default',
    inMemory: true,
  });
  try {
    const api = await startApi({
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporal.address,
      ADMIN_TOKEN,
      DATA_DIR: dataDir,
    });
    try {
      const { data, apiKey } = await loadOnce(databaseUrl, api.url, join(dataDir, 'lists.json'), events);
      const measured: Measured[] = [];
      const readings = readingsOf(createDocument(api.url, RESOURCES), data);
      for (const reading of readings.filter(({ request }) => request.includes(match)))
        measured.push(await measure(api.url, apiKey, reading));
      return report(measured);
    } finally {
      await api.stop();
    }
  } finally {
    await temporal.stop();
  }
}

async function loadOnce(databaseUrl: string, apiUrl: string, file: string, events: number): Promise<Kept> {
  const schema = createHash('sha256').update(readFileSync(CHECKSUMS)).digest('hex');
  if (existsSync(file)) {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Kept;
    if (kept.schema !== schema)
      throw new Error(`${file} was written with other migrations: remove its folder, or keep another one`);
    return kept;
  }
  const response = await fetch(`${apiUrl}/v1/operators`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Bench', currency: 'USD' }),
  });
  const { id, api_key: apiKey } = (await response.json()) as { id: string; api_key: string };
  const pool = createPool(databaseUrl, { max: 4, applicationName: 'bench' });
  try {
    const startedAt = performance.now();
    const data = await writeListsData(pool, id, events);
    console.log(`wrote ${events} events in ${Math.round((performance.now() - startedAt) / 1000)} s`);
    const kept = { data, apiKey, schema };
    writeFileSync(file, JSON.stringify(kept));
    return kept;
  } finally {
    await pool.end();
  }
}

async function measure(
  apiUrl: string,
  apiKey: string,
  { request, body, isLong = false }: Reading,
): Promise<Measured> {
  const [method = '', path = ''] = request.split(' ');
  const took: number[] = [];
  let status = 0;
  for (let time = 0; time < TIMES; time++) {
    const startedAt = performance.now();
    const response = await fetch(apiUrl + path, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    // Long reports are streams, which their caller reads on at its own pace.
    const reader = response.body?.getReader();
    await reader?.read();
    took.push(performance.now() - startedAt);
    while (reader && !(await reader.read()).done);
    status = response.status;
    // One that fails is measured once: a timeout is long.
    if (status >= 400) break;
  }
  took.sort((a, b) => a - b);
  const name = body === undefined ? request : `${request} ${JSON.stringify(body)}`;
  return { request: name, status, isLong, p50: percentile(took, 0.5), p99: percentile(took, 0.99) };
}

/** Prints the slowest, saves all, and gives the worst. */
function report(measured: readonly Measured[]): Partial<Figures> {
  const slowest = measured.toSorted((a, b) => b.p99 - a.p99);
  for (const { request, status, isLong, p50, p99 } of slowest.slice(0, SHOWN))
    console.log(
      `${String(p50).padStart(8)} ${String(p99).padStart(8)} ms  ${status}  ${request}${isLong ? '  (long)' : ''}`,
    );
  saveResults('lists.json', measured);
  const failed = measured.filter(({ status }) => status >= 500);
  if (failed.length > 0) throw new Error(`${failed.length} requests failed, as ${failed[0]!.request}`);
  const bounded = slowest.filter(({ isLong }) => !isLong);
  const slow = bounded.filter(({ p99 }) => p99 >= SLOW_MS).length;
  if (slow > 0) process.exitCode = 1;
  return { lists_requests: bounded.length, lists_slow: slow, lists_worst_p99_ms: bounded[0]!.p99 };
}
