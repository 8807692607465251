// Overload: ten times as many events offered as the stack can take; what is left of its throughput
// meanwhile and afterwards, and what an event costs by then.
import { setTimeout as sleep } from 'node:timers/promises';
import { processIds, watchCpu } from './cpu.ts';
import { batchBodies } from './events.ts';
import { cpuText, owners } from './failing.ts';
import { rate, ratio, type Figures } from './figures.ts';
import { acceptBatches, BATCH, sendBatches, waitUntilRecorded, type Bench, type Stage } from './stage.ts';

const TIMES = 10;
const TOLD_EVERY_MS = 5000;

/**
 * A quarter of the events in a closed loop gives the capacity; half of them are offered in an open
 * loop at ten times that; the last quarter, in a closed loop again, shows whether all is as before.
 */
export async function measureOverload(bench: Bench, stage: Stage, events: number): Promise<Partial<Figures>> {
  const quarter = Math.floor(events / 4);
  const inClosedLoop = async (): Promise<number> =>
    (await sendBatches(bench, stage, stage.bodies.splice(0, quarter))).startedAt;
  const before = await measured(bench, stage, quarter, inClosedLoop);
  const rush = await measured(bench, stage, 2 * quarter, () =>
    offer(bench, stage, 2 * quarter, before * TIMES),
  );
  const after = await measured(bench, stage, quarter, inClosedLoop);
  console.log(`capacity ${before}/s, of ${TIMES} times that ${rush}/s, afterwards ${after}/s`);
  return { overload_ratio: ratio(rush, before), after_overload_ratio: ratio(after, before) };
}

/** Events a second, from the first request until the last postback is recorded. */
async function measured(
  bench: Bench,
  stage: Stage,
  events: number,
  send: () => Promise<number>,
): Promise<number> {
  const cpu = watchCpu(processIds(bench.stack.dataDir));
  const isOver = new AbortController();
  const telling = tell(bench, stage, isOver.signal);
  const startedAt = await send();
  const endedAt = await waitUntilRecorded(bench, stage);
  isOver.abort();
  await telling;
  console.log(cpuText(cpu(events)));
  return rate(events, startedAt, endedAt);
}

async function offer(bench: Bench, stage: Stage, events: number, perSecond: number): Promise<number> {
  const startedAt = Date.now();
  const { answers } = await bench.load.ask('pace', {
    ...stage.api,
    path: '/v1/events/batch',
    bodies: batchBodies(stage.bodies.splice(0, events), BATCH),
    perSecond: perSecond / BATCH,
  });
  acceptBatches(stage, answers);
  return startedAt;
}

/** Says now and then what was received, what one cost, and who owns the others. */
async function tell(bench: Bench, stage: Stage, isOver: AbortSignal): Promise<void> {
  for (let before = await received(bench); ;) {
    const cpu = watchCpu(processIds(bench.stack.dataDir));
    await sleep(TOLD_EVERY_MS, undefined, { signal: isOver }).catch(() => {});
    if (isOver.aborted) return;
    const after = await received(bench);
    const count = after - before;
    const perSecond = (count * 1000) / TOLD_EVERY_MS;
    console.log(
      `  ${perSecond}/s received; ${cpuText(cpu(Math.max(1, count)))}; ${await owners(bench, stage)}`,
    );
    before = after;
  }
}

async function received({ receivers }: Bench): Promise<number> {
  return (await receivers.ask('count', null)).reduce((sum, count) => sum + count, 0);
}
