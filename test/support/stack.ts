// API and worker as real processes, on a database and a Temporal namespace of the test file. Both
// connect through proxies that a test can sever.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Pool } from '../../store/db/pool.ts';
import { withDatabase, withEmptyDatabase } from './database.ts';
import { eventually } from './eventually.ts';
import { freePort } from './ports.ts';
import { startProxy, throughProxy, type SeverableProxy } from './severable-proxy.ts';
import { withTemporal, type TestTemporal } from './temporal.ts';
import { auditOf } from './settling.ts';

export interface TestStack {
  /** Where the API answers. */
  readonly url: string;
  /** Connects directly, not through the proxy. */
  readonly pool: Pool;
  /** The database, also directly. */
  readonly databaseUrl: string;
  readonly temporal: TestTemporal;
  readonly proxies: { readonly postgres: SeverableProxy; readonly temporal: SeverableProxy };
  /** Requests are written `POST /v1/events`; the body goes as JSON unless it is text. */
  readonly call: <Body = Record<string, unknown>>(
    request: string,
    options?: CallOptions,
  ) => Promise<Answer<Body>>;
  /** The API that answers at `url`. */
  readonly api: ChildProcess;
  /** Starts another API, of a checkout, on this port, and returns it once it is ready. */
  startApi(port: number, checkout?: string): Promise<ChildProcess>;
  /** Starts another worker, of a checkout, and returns it once it polls for work. */
  startWorker(checkout?: string): Promise<ChildProcess>;
  /**
   * Copies the database, while API and worker are cut off from it. The function returned puts the
   * copy back in the same way.
   */
  copyDatabase(): Promise<() => Promise<void>>;
  /** The logs of all processes so far. */
  printed(): string;
  /** For `after`: kills every started process, and throws when the audit finds anything. */
  close(): Promise<void>;
}

type CallOptions = { key?: string; body?: unknown; headers?: Record<string, string> };
type Answer<Body> = { status: number; headers: Headers; body: Body };

export const ADMIN_TOKEN = 'the administrator of this test';

/** Settings of processes whose receivers are on this machine. */
export const LOOPBACK_SETTINGS = {
  ADMIN_TOKEN,
  SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
  ALLOW_ENDPOINT_CIDRS: '127.0.0.0/8',
  ALLOW_ENDPOINT_PORTS: '*',
  REQUIRE_HTTPS: 'false',
} as const;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const STARTS_WITHIN_MS = 60_000;

/**
 * Starts a stack with an API that takes requests and no worker yet. `settings`: further variables
 * of both processes. `checkout`: another release, whose schema and API the stack begins with.
 */
export async function withStack(
  settings: Readonly<Record<string, string>> = {},
  checkout: string = ROOT,
): Promise<TestStack> {
  const isOther = checkout !== ROOT;
  const [database, temporal, port] = await Promise.all([
    isOther ? withEmptyDatabase() : withDatabase(),
    withTemporal(),
    freePort(),
  ]);
  const proxies = {
    postgres: await startProxy(Number(new URL(database.url).port)),
    temporal: await startProxy(Number(temporal.address.split(':')[1])),
  };
  const env = {
    ...process.env,
    DATABASE_URL: throughProxy(database.url, proxies.postgres),
    TEMPORAL_ADDRESS: proxies.temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    ...LOOPBACK_SETTINGS,
    ...settings,
  };
  const children: ChildProcess[] = [];
  const outputs: (() => string)[] = [];
  const run = (
    entry: string,
    root: string,
    own: object = {},
  ): { child: ChildProcess; output: () => string } => {
    const child = spawn(process.execPath, ['--import', './typescript.mjs', entry], {
      cwd: root,
      env: { ...env, ...own },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const output = (): string => printed;
    children.push(child);
    outputs.push(output);
    return { child, output };
  };

  async function call<Body>(
    request: string,
    { key, body, headers }: CallOptions = {},
  ): Promise<Answer<Body>> {
    const [method = '', path = ''] = request.split(' ');
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        authorization: `Bearer ${key ?? ADMIN_TOKEN}`,
        'content-type': 'application/json',
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? null : JSON.parse(text)) as Body,
    };
  }

  async function startApi(apiPort: number, root = ROOT): Promise<ChildProcess> {
    const { child, output } = run('api/main.ts', root, { PORT: String(apiPort) });
    const isUp = () =>
      fetch(`http://127.0.0.1:${apiPort}/readyz`)
        .then(({ status }) => status === 200)
        .catch(() => false);
    return started('API', child, output, isUp);
  }

  async function cutOff<T>(work: () => Promise<T>): Promise<T> {
    proxies.postgres.sever();
    return await work().finally(() => proxies.postgres.restore());
  }

  async function end(): Promise<void> {
    const living = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    for (const child of living) child.kill('SIGKILL');
    await Promise.all(living.map((child) => once(child, 'exit')));
    await Promise.all([proxies.postgres.close(), proxies.temporal.close(), temporal.close()]);
  }

  const migrateOther = async (): Promise<void> => {
    const { child } = run('store/main.ts', checkout);
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 0, 'the other release could not make its schema');
  };

  const begin = async (): Promise<ChildProcess> => {
    if (isOther) await migrateOther();
    return await startApi(port, checkout);
  };
  const api = await begin().catch(async (error: unknown) => {
    await end();
    await database.drop();
    throw error;
  });
  return {
    api,
    startApi,
    url: `http://127.0.0.1:${port}`,
    pool: database.pool,
    databaseUrl: database.url,
    temporal,
    proxies,
    call,
    async copyDatabase() {
      const putBack = await cutOff(() => database.copy());
      return () => cutOff(putBack);
    },
    printed: () => outputs.map((output) => output()).join(''),
    async startWorker(root = ROOT) {
      const { child, output } = run('worker/main.ts', root);
      return started('worker', child, output, () => output().includes('worker started'));
    },
    async close() {
      await end();
      try {
        assert.deepEqual((await auditOf(database.pool)).findings, []);
      } finally {
        await database.drop();
      }
    },
  };
}

/** Throws with what the process printed when it ends, or is not up in time. */
async function started(
  name: string,
  child: ChildProcess,
  output: () => string,
  isUp: () => boolean | Promise<boolean>,
): Promise<ChildProcess> {
  const isUpOrEnded = async () => child.exitCode !== null || (await isUp());
  await eventually(`the ${name} to start`, isUpOrEnded, STARTS_WITHIN_MS).catch((error: Error) => {
    throw new Error(`${error.message}\n${output()}`);
  });
  if (child.exitCode !== null) throw new Error(`the ${name} ended with ${child.exitCode}\n${output()}`);
  return child;
}
