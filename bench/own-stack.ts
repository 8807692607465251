// Temporary stack of one run: fresh data in a temporary folder, free ports, otherwise as `npm
// start` has it.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { loadLocalConfig as Load } from '../config.ts';
import type { Stack, startStack as Start } from '../local/stack.ts';
import { freePort } from '../test/support/ports.ts';

/** The namespace of Temporal that a stack has unless its settings say another. */
export const NAMESPACE = 'default';

/**
 * Settings of a stack on services that run already, which `npm start` has by itself where it starts
 * them.
 */
export function onServices(databaseUrl: string, temporalAddress: string): NodeJS.ProcessEnv {
  return {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    ADMIN_TOKEN: randomBytes(24).toString('base64url'),
    SECRETS_KEY: randomBytes(32).toString('base64'),
    ALLOW_ENDPOINT_CIDRS: '127.0.0.0/8',
    ALLOW_ENDPOINT_PORTS: '*',
    REQUIRE_HTTPS: 'false',
  };
}

/**
 * The checkout that is measured; `BENCH_CHECKOUT` names another one, which `--baseline` compares.
 */
const CHECKOUT = process.env['BENCH_CHECKOUT'] ?? fileURLToPath(new URL('..', import.meta.url));

type Checkout = { startStack: typeof Start; loadLocalConfig: typeof Load };

/** Loaded from the measured checkout, so that its processes, schema and settings are its own. */
async function loadCheckout(): Promise<Checkout> {
  const load = (file: string) => import(pathToFileURL(join(CHECKOUT, file)).href);
  const [{ startStack }, { loadLocalConfig }] = (await Promise.all([
    load('local/stack.ts'),
    load('config.ts'),
  ])) as [Checkout, Checkout];
  return { startStack, loadLocalConfig };
}

/**
 * Runs `work` on the stack and removes it afterwards. After a failure, or a signal to stop, data
 * and logs stay for inspection. `settings`: variables of `config.ts` that differ from `npm start`.
 */
export async function withOwnStack<T>(
  work: (stack: Stack) => Promise<T>,
  settings: NodeJS.ProcessEnv = {},
): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'postrider-bench-'));
  chmodSync(dataDir, 0o755);
  const ports = { PORT: 0, PG_PORT: 0, TEMPORAL_PORT: 0, TEMPORAL_UI_PORT: 0 };
  for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort();
  // Passes on only the variables that Node needs: the caller's own database or server must not be
  // measured or filled.
  const { PATH, HOME, NODE_OPTIONS } = process.env;
  const portTexts = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)]));
  const own = { ...portTexts, DATA_DIR: dataDir, DEMO: '0' };
  const { startStack, loadLocalConfig } = await loadCheckout();
  const config = loadLocalConfig({ PATH, HOME, NODE_OPTIONS, ...own, ...settings });
  const stopping = new AbortController();
  const stopped = new Promise<never>((_, reject) => {
    stopping.signal.addEventListener('abort', () => reject(new Error('stopped')));
  });
  // Handled later: no code awaits this promise while the stack starts.
  stopped.catch(() => {});
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  try {
    const stack = await startStack(config, { receiver: config.demo, signal: stopping.signal });
    let result: T;
    try {
      result = await Promise.race([work(stack), stopped]);
    } finally {
      await stack.stop();
    }
    rmSync(dataDir, { recursive: true, force: true });
    return result;
  } catch (error) {
    console.error(`the stack's data and logs are in ${dataDir}`);
    throw error;
  }
}
