// Parts of the stack that are Node processes of this project, and when they are ready.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import type { Config } from '../config.ts';
import { TASK_QUEUES } from '../workflows/contract.ts';
import { spawnCommand, waitUntil, type Part } from './process.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface NodePart extends Pick<Part, 'name' | 'ready' | 'stopSeconds'> {
  readonly entry: string;
  /**
   * Size of the young generation. With Node's default of 16 MB a busy worker spends a sixth of its
   * time collecting.
   */
  readonly youngMb: number;
  readonly env: Record<string, string | undefined>;
  readonly dataDir: string;
}

/** API, worker or receiver, run from its TypeScript source. */
export function nodePart({ entry, youngMb, env, dataDir, ...rest }: NodePart): Part {
  const mark = resolve(ROOT, entry);
  const logFile = resolve(dataDir, `logs/${rest.name}.log`);
  const args = [
    `--max-semi-space-size=${youngMb}`,
    '--import',
    new URL('../typescript.mjs', import.meta.url).href,
    mark,
  ];
  return {
    ...rest,
    logFile,
    mark,
    spawn: () => spawnCommand({ file: process.execPath, args, env, logFile, cwd: ROOT }),
    readySeconds: 60,
    stopSignal: 'SIGTERM',
  };
}

/** Ready when this address answers with 2xx. */
export const answersAt = (url: string) => (signal: AbortSignal) =>
  waitUntil(async () => (await fetch(url, { signal })).ok, signal);

/**
 * Ready when a new worker polls for batches. Temporal lists the poller of a dead worker for
 * minutes, so earlier pollers do not count.
 */
export function workerPolls({ connection: options, namespace }: Config['temporal']) {
  return async (signal: AbortSignal): Promise<void> => {
    const since = Date.now();
    const connection = Connection.lazy(options);
    const polls = async (): Promise<boolean> => {
      const { pollers } = await connection.withDeadline(Date.now() + 1000, () =>
        connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: TASK_QUEUES.batches } }),
      );
      return (pollers ?? []).some(
        ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= since - 1000,
      );
    };
    try {
      await waitUntil(polls, signal);
    } finally {
      await connection.close();
    }
  };
}
