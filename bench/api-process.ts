// API process of one measurement, on a database and a Temporal server that are given.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnCommand, startPart, waitUntil } from '../local/process.ts';
import { freePort } from '../test/support/ports.ts';

type ApiProcess = { readonly url: string; stop(): Promise<void> };

/** `env`: where its database and Temporal are, and its secrets; `DATA_DIR` takes its log. */
export async function startApi(env: Record<string, string>): Promise<ApiProcess> {
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const entry = fileURLToPath(new URL('../api/main.ts', import.meta.url));
  const logFile = join(env['DATA_DIR']!, 'logs/api.log');
  const { PATH, HOME } = process.env;
  const own = {
    PATH,
    HOME,
    PORT: port,
    SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
    REQUIRE_HTTPS: 'false',
    DRAIN_SECONDS: '0',
    LOG_LEVEL: 'warn',
    UV_THREADPOOL_SIZE: '32',
  };
  const part = await startPart({
    name: 'api',
    logFile,
    mark: entry,
    spawn: () =>
      spawnCommand({
        file: process.execPath,
        args: ['--import', new URL('../typescript.mjs', import.meta.url).href, entry],
        env: { ...own, ...env },
        logFile,
      }),
    ready: (signal) => waitUntil(async () => (await fetch(`${url}/readyz`, { signal })).ok, signal),
    readySeconds: 60,
    stopSignal: 'SIGTERM',
    stopSeconds: 15,
  });
  return { url, stop: () => part.stop() };
}
