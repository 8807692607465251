// Pictures of docs/PERFORMANCE.md: throughput by batch size, latency by offered load, and the cost
// of an event by the backlog, measured one after the other and written as SVG.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { svgOf, type Chart } from './chart.ts';
import { totalOf, type CpuTimes } from './cpu.ts';
import { batchBodies } from './events.ts';
import { percentile, type Figures } from './figures.ts';
import { measureLatency } from './phases.ts';
import { measureRush, watched, type Look } from './rush.ts';
import {
  acceptBatches,
  BATCH,
  countReceived,
  sendBatches,
  sendSingles,
  waitUntilRecorded,
  type Bench,
  type Stage,
} from './stage.ts';

const BATCH_SIZES = [1, 10, 50, 100, 250, 500];
/** Shares of the capacity, which is the throughput of single events in a closed loop. */
const LOADS = [0.2, 0.4, 0.6, 0.8, 0.9, 1];
const LOAD_SECONDS = 5;
const LOOK_EVERY_MS = 2000;

/** A third of the events for each picture at most. */
export async function measurePictures(bench: Bench, stage: Stage, events: number): Promise<Partial<Figures>> {
  const third = Math.floor(events / 3);
  save('batch-size', await byBatchSize(bench, stage, third));
  save('offered-load', await byOfferedLoad(bench, stage, third));
  save('backlog', await byBacklog(bench, stage, third));
  return {};
}

function save(name: string, chart: Chart): void {
  const file = fileURLToPath(new URL(`../docs/images/bench-${name}.svg`, import.meta.url));
  writeFileSync(file, svgOf(chart));
  for (const { name: line, unit, points } of chart.series)
    console.log(`${chart.title}: ${line} (${unit}) ${points.map(([x, y]) => `${x}: ${y}`).join(', ')}`);
}

async function byBatchSize(bench: Bench, stage: Stage, events: number): Promise<Chart> {
  const throughput: [number, number][] = [];
  const cost: [number, number][] = [];
  const count = Math.floor(events / BATCH_SIZES.length);
  for (const size of BATCH_SIZES) {
    const { perSecond, cpu } = await measureRush(bench, stage, count, () =>
      size === 1
        ? sendSingles(bench, stage, count)
        : sendBatches(bench, stage, stage.bodies.splice(0, count), size),
    );
    throughput.push([size, perSecond]);
    cost.push([size, costOf(cpu)]);
  }
  return {
    title: 'Throughput and cost by batch size',
    x: 'events a request',
    series: [
      { name: 'throughput', unit: 'events/s', axis: 'left', points: throughput },
      { name: 'CPU', unit: 'µs an event', axis: 'right', points: cost },
    ],
  };
}

async function byOfferedLoad(bench: Bench, stage: Stage, events: number): Promise<Chart> {
  const third = Math.floor(events / 3);
  const { perSecond: capacity } = await measureRush(bench, stage, third, () =>
    sendSingles(bench, stage, third),
  );
  const p50: [number, number][] = [];
  const p99: [number, number][] = [];
  for (const share of LOADS) {
    const perSecond = Math.round(capacity * share);
    const count = Math.min(perSecond * LOAD_SECONDS, Math.floor((events - third) / LOADS.length));
    const latencies = await measureLatency(bench, stage, count, perSecond);
    p50.push([perSecond, percentile(latencies, 0.5)]);
    p99.push([perSecond, percentile(latencies, 0.99)]);
  }
  return {
    title: `From request to receiver by offered load, where ${capacity} events/s are the capacity`,
    x: 'single events offered a second',
    series: [
      { name: 'median', unit: 'ms', axis: 'left', points: p50 },
      { name: 'p99', unit: 'ms', axis: 'left', points: p99 },
    ],
  };
}

/** All events at once, in batches; then what one received costs, while the backlog falls. */
async function byBacklog(bench: Bench, stage: Stage, events: number): Promise<Chart> {
  const points: [number, number][] = [];
  const before = await countReceived(bench);
  const onLook = ({ received, count, cpu }: Look): void => {
    if (count > 0) points.push([events - (received - before), costOf(cpu)]);
  };
  await watched(bench, LOOK_EVERY_MS, onLook, async () => {
    const { answers } = await bench.load.ask('rush', {
      ...stage.api,
      path: '/v1/events/batch',
      bodies: batchBodies(stage.bodies.splice(0, events), BATCH),
      connections: 16,
    });
    acceptBatches(stage, answers);
    await waitUntilRecorded(bench, stage);
  });
  return {
    title: `Cost of an event by the backlog of ${events} events that came at once`,
    x: 'events accepted and not delivered',
    series: [{ name: 'CPU', unit: 'µs an event', axis: 'left', points }],
  };
}

function costOf(cpu: CpuTimes | null): number {
  return (cpu && totalOf(cpu)) ?? 0;
}
