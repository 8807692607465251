// Overload: ten times as many events offered as the stack can take; what is left of its throughput
// meanwhile and afterwards, and what an event costs by then.
import { batchBodies } from './events.ts';
import { cpuText, owners } from './failing.ts';
import { ratio, type Figures } from './figures.ts';
import type { Sent } from './load.ts';
import { measureRush, watched, type Look } from './rush.ts';
import { acceptBatches, BATCH, sendBatches, type Bench, type Stage } from './stage.ts';

const TIMES = 10;
const TOLD_EVERY_MS = 5000;

/**
 * A quarter of the events in a closed loop gives the capacity; half of them are offered in an open
 * loop at ten times that, where what the API refuses is sent again; the last quarter, in a closed
 * loop again, shows whether all is as before.
 */
export async function measureOverload(bench: Bench, stage: Stage, events: number): Promise<Partial<Figures>> {
  const quarter = Math.floor(events / 4);
  const inClosedLoop = (): Promise<Sent> => sendBatches(bench, stage, stage.bodies.splice(0, quarter));
  const before = await measured(bench, stage, quarter, inClosedLoop);
  const rush = await measured(bench, stage, 2 * quarter, () =>
    offer(bench, stage, 2 * quarter, before * TIMES),
  );
  const after = await measured(bench, stage, quarter, inClosedLoop);
  console.log(`capacity ${before}/s, of ${TIMES} times that ${rush}/s, afterwards ${after}/s`);
  return { overload_ratio: ratio(rush, before), after_overload_ratio: ratio(after, before) };
}

/** Events a second; tells meanwhile what was received, what one cost, and who owns the others. */
async function measured(
  bench: Bench,
  stage: Stage,
  events: number,
  send: () => Promise<Sent>,
): Promise<number> {
  const tell = async ({ count, cpu }: Look): Promise<void> => {
    const perSecond = (count * 1000) / TOLD_EVERY_MS;
    console.log(`  ${perSecond}/s received; ${cpuText(cpu)}; ${await owners(bench, stage)}`);
  };
  const { perSecond, cpu } = await watched(bench, TOLD_EVERY_MS, tell, () =>
    measureRush(bench, stage, events, send),
  );
  console.log(cpuText(cpu));
  return perSecond;
}

async function offer(bench: Bench, stage: Stage, events: number, perSecond: number): Promise<Sent> {
  const startedAt = Date.now();
  const { answers } = await bench.load.ask('pace', {
    ...stage.api,
    path: '/v1/events/batch',
    isPatient: true,
    bodies: batchBodies(stage.bodies.splice(0, events), BATCH),
    perSecond: perSecond / BATCH,
  });
  acceptBatches(stage, answers);
  return { answers, startedAt };
}
