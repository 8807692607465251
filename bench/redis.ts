// Redis for BullMQ, where `redis-server` is installed: on a free port, with its data in a temporary
// folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/support/ports.ts';

type RunningRedis = { port: number; stop(): Promise<void> };

const READY_WITHIN_MS = 10_000;

/**
 * Settings that BullMQ's documentation recommends for production: nothing is evicted, and the log
 * is synced once a second, not at every write. A power cut may lose a second of jobs, which
 * PostgreSQL's commits do not allow; the difference is in BullMQ's favour.
 */
const SETTINGS = {
  appendonly: 'yes',
  appendfsync: 'everysec',
  save: '',
  'maxmemory-policy': 'noeviction',
  bind: '127.0.0.1',
};

/** Null when the program is not installed. Throws when it does not start. */
export async function startRedis(program = 'redis-server'): Promise<RunningRedis | null> {
  const [port, dir] = [await freePort(), mkdtempSync(join(tmpdir(), 'postrider-bench-redis-'))];
  const flags = Object.entries({ ...SETTINGS, port: String(port), dir }).flatMap(([name, value]) => [
    `--${name}`,
    value,
  ]);
  const server = spawn(program, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(server, 'close');
  const removed = (): void => rmSync(dir, { recursive: true, force: true });
  let said = '';
  const isReady = new Promise<boolean>((resolve) => {
    server.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Ready to accept connections')) resolve(true);
    });
  });
  const started = await Promise.race([
    isReady,
    ended.then(
      () => false,
      (error: NodeJS.ErrnoException) => error,
    ),
    sleep(READY_WITHIN_MS, false, { ref: false }),
  ]);
  const stop = async (): Promise<void> => {
    server.kill();
    await ended;
    removed();
  };
  if (started === true) return { port, stop };
  if (started instanceof Error) {
    removed();
    if (started.code === 'ENOENT') return null;
    throw started;
  }
  await stop();
  throw new Error(`redis-server did not start: ${said}`);
}
