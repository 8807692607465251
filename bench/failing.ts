// Cost of postbacks that fail: a hundred endpoints that do nothing but fail, beside one that is
// well, at a steady pace.
import { setTimeout as sleep } from 'node:timers/promises';
import { PARTS, processIds, totalOf, watchCpu, type CpuTimes } from './cpu.ts';
import { percentile, ratio, type Figures } from './figures.ts';
import type { Behaviour } from './receivers.ts';
import { sendAtPace, type Bench, type Stage } from './stage.ts';

/** Half of it is for the endpoint that is well, one a second for each of the others. */
const PER_S = 200;
/** The second try of a postback is due 5 to 7 s after the first, and belongs to its cost. */
const SECOND_TRY_MS = 8000;

/** 404 says nothing about the endpoint until there are many; a connection that breaks does. */
export const measureRefused = measureFailing('refused', 'refuses');
export const measureDown = measureFailing('down', 'down');

/**
 * Three rounds of as many events at the same pace. The first warms up; in the second all endpoints
 * are well; in the third all but one fail. The events are alike, so that what the third costs more
 * is what failing costs.
 */
function measureFailing(name: 'refused' | 'down', manner: Behaviour) {
  return async (bench: Bench, stage: Stage, events: number): Promise<Partial<Figures>> => {
    const third = Math.floor(events / 3);
    await round(bench, stage, third);
    const well = await round(bench, stage, third);
    await bench.receivers.ask(
      'behave',
      stage.members.map((_, index) => (index === 0 ? 0 : manner)),
    );
    const beside = await round(bench, stage, third);
    const told = ({ cpuUs, p99Ms }: Round): string => `p99 ${p99Ms} ms, ${cpuText(cpuUs)}`;
    console.log(`all well: ${told(well)}\n${name}: ${told(beside)}; ${await owners(bench, stage)}`);
    return {
      [`${name}_cost_us`]: costUs(well, beside),
      [`${name}_p99_ratio`]: ratio(beside.p99Ms, well.p99Ms),
    };
  };
}

type Round = { cpuUs: CpuTimes | null; p99Ms: number };

/** Every second event fails. */
function costUs(well: Round, beside: Round): number | null {
  if (well.cpuUs === null || beside.cpuUs === null) return null;
  const [before, after] = [totalOf(well.cpuUs), totalOf(beside.cpuUs)];
  return before === null || after === null ? null : 2 * (after - before);
}

export function cpuText(cpuUs: CpuTimes | null): string {
  return cpuUs === null
    ? ''
    : `µs per event: ${PARTS.map((part) => `${part} ${cpuUs[part] ?? '–'}`).join(', ')}`;
}

async function round(bench: Bench, stage: Stage, events: number): Promise<Round> {
  const cpu = watchCpu(processIds(bench.stack.dataDir));
  const dueAt = await sendAtPace(bench, stage, events, PER_S);
  await sleep(SECOND_TRY_MS);
  const cpuUs = cpu(events);
  const waits = (await bench.receivers.ask('arrivals', null))
    .filter(({ receiver, eventId }) => receiver === 0 && dueAt.has(eventId))
    .map(({ eventId, at }) => at - dueAt.get(eventId)!)
    .toSorted((a, b) => a - b);
  return { cpuUs, p99Ms: percentile(waits, 0.99) };
}

/** Who owns the unfinished postbacks, such as `endpoint 1200, self 500`. */
export async function owners({ pool }: Bench, { operatorId }: Stage): Promise<string> {
  const { rows } = await pool.query<{ text: string | null }>(
    `select string_agg(owner || ' ' || count, ', ' order by owner) as text from (
       select owner, count(*) from deliveries where operator_id = $1 and owner is not null group by 1) o`,
    [operatorId],
  );
  return rows[0]!.text ?? 'all finished';
}
