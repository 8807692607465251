// A rush of events: its throughput and what each event costs, and what is received meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import { processIds, watchCpu, type CpuTimes } from './cpu.ts';
import { rate } from './figures.ts';
import { countReceived, waitUntilRecorded, type Bench, type Stage } from './stage.ts';

/**
 * Sends events and waits for all of them. `perSecond`: from the first request until the last
 * postback is recorded. `send` resolves to the start of the first request, in milliseconds since
 * 1970.
 */
export async function measureRush(
  bench: Bench,
  stage: Stage,
  events: number,
  send: () => Promise<{ startedAt: number }>,
): Promise<{ perSecond: number; cpu: CpuTimes | null }> {
  const cpu = watchCpu(processIds(bench.stack.dataDir));
  const { startedAt } = await send();
  const perSecond = rate(events, startedAt, await waitUntilRecorded(bench, stage));
  return { perSecond, cpu: cpu(events) };
}

/** Postbacks received, all and since the last look, and what each of the latter cost. */
export type Look = { received: number; count: number; cpu: CpuTimes | null };

/**
 * Looks now and then while the work goes on; looks without a postback say what none would cost.
 * Returns what the work returns.
 */
export async function watched<T>(
  bench: Bench,
  everyMs: number,
  onLook: (look: Look) => void | Promise<void>,
  work: () => Promise<T>,
): Promise<T> {
  const isOver = new AbortController();
  const watch = async (): Promise<void> => {
    for (let before = await countReceived(bench); ;) {
      const cpu = watchCpu(processIds(bench.stack.dataDir));
      await sleep(everyMs, undefined, { signal: isOver.signal }).catch(() => {});
      if (isOver.signal.aborted) return;
      const received = await countReceived(bench);
      const count = received - before;
      await onLook({ received, count, cpu: cpu(Math.max(1, count)) });
      before = received;
    }
  };
  const watching = watch();
  try {
    return await work();
  } finally {
    isOver.abort();
    await watching;
  }
}
