// Figures of a run: their JSON names, the ratios between them, the printed table, and the folder of
// results.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PARTS, totalOf, type CpuPart, type CpuTimes } from './cpu.ts';

/** CPU microseconds per event, by part of the stack and in all. */
type CpuFigures = Record<`${'single' | 'batch'}_cpu_us${'' | `_${CpuPart}`}`, number | null>;

export type Figures = CpuFigures & {
  single_per_s: number | null;
  batch_per_s: number | null;
  single_per_s_real_receivers: number | null;
  idle_ms_p50: number | null;
  idle_ms_p99: number | null;
  open_loop_300_p99_ms: number | null;
  clicks_per_s: number | null;
  clicks_half_rate_p99_ms: number | null;
  settle_per_s: number | null;
  settle_p99_ms: number | null;
  settle_one_affiliate_per_s: number | null;
  audit_1m_s: number | null;
  release_300k_s: number | null;
  lists_requests: number | null;
  lists_slow: number | null;
  lists_worst_p99_ms: number | null;
  workflow_per_event_per_s: number | null;
  no_durability_per_s: number | null;
  delivery_per_s: number | null;
  raw_undici_per_s: number | null;
  graphile_worker_per_s: number | null;
  bullmq_per_s: number | null;
  queue_per_s: number | null;
  drain_per_s: number | null;
  drain_10k_s: number | null;
  isolation_throughput_ratio: number | null;
  isolation_p99_ratio: number | null;
  refused_cost_us: number | null;
  refused_p99_ratio: number | null;
  down_cost_us: number | null;
  down_p99_ratio: number | null;
  overload_ratio: number | null;
  after_overload_ratio: number | null;
  soak_per_s: number | null;
  soak_p99_ratio: number | null;
  soak_api_mb_ratio: number | null;
  soak_worker_mb_ratio: number | null;
  soak_bytes_ratio: number | null;
  ratio_vs_workflow_per_event: number | null;
  ratio_vs_no_durability: number | null;
  ratio_vs_queue: number | null;
  api_rss_mb: number | null;
  worker_rss_mb: number | null;
  lost: number;
  doubled: number;
  cores: number;
};

type Measured = Omit<Figures, 'ratio_vs_workflow_per_event' | 'ratio_vs_no_durability' | 'ratio_vs_queue'>;

/** Adds the ratios; a ratio is null when one of its figures was not measured. */
export function withRatios(
  measured: Partial<Measured> & Pick<Figures, 'lost' | 'doubled' | 'cores'>,
): Figures {
  const { single_per_s: single = null, workflow_per_event_per_s: perEvent = null } = measured;
  const { no_durability_per_s: noDurability = null } = measured;
  const { delivery_per_s: delivery = null, queue_per_s: queue = null } = measured;
  const all: Partial<Figures> = {
    ...measured,
    ratio_vs_workflow_per_event: ratio(single, perEvent),
    ratio_vs_no_durability: ratio(single, noDurability),
    ratio_vs_queue: ratio(delivery, queue),
  };
  return Object.fromEntries(ROWS.map(([name]) => [name, all[name] ?? null])) as Figures;
}

/** Ratio with three significant digits. */
export function ratio(ours: number | null, other: number | null): number | null {
  return ours === null || other === null || other === 0 ? null : Number((ours / other).toPrecision(3));
}

/** Median of values in any order; null without one. */
export function medianOf(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? null;
}

/** The CPU figures of one way to send events; none without /proc. */
export function cpuFigures(way: 'single' | 'batch', times: CpuTimes | null): Partial<CpuFigures> {
  if (times === null) return {};
  const parts = PARTS.map((part) => [`${way}_cpu_us_${part}`, times[part]] as const);
  return Object.fromEntries([[`${way}_cpu_us`, totalOf(times)] as const, ...parts]);
}

/** Whole events per second between two moments. */
export function rate(events: number, startedAt: number, endedAt: number): number {
  return Math.round((events * 1000) / (endedAt - startedAt));
}

/** Percentile: the value below which this share of the sorted samples lies, rounded to a tenth. */
export function percentile(sorted: readonly number[], share: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return Math.round(value * 10) / 10;
}

const perSecond = 'events/s';
const perPostback = 'postbacks/s';
/** Figures in their printed order, each with its unit and a note. */
export const ROWS: readonly [keyof Figures, string, string][] = [
  ['single_per_s', perSecond, 'one event per request, from request to recorded delivery'],
  ['batch_per_s', perSecond, 'batch requests, the same'],
  ['single_per_s_real_receivers', perSecond, 'receivers that take 100 ms; those beside one that takes 5 s'],
  ...cpuRows('single'),
  ...cpuRows('batch'),
  ['idle_ms_p50', 'ms', 'an event alone, from request to postback received'],
  ['idle_ms_p99', 'ms', ''],
  ['open_loop_300_p99_ms', 'ms', 'the same at 300 events a second'],
  ['clicks_per_s', 'clicks/s', 'a link followed: the click kept, then the redirect'],
  ['clicks_half_rate_p99_ms', 'ms', 'the same at half that rate'],
  ['settle_per_s', perSecond, 'settling alone: slots, ratings and transfers, in batches of 500'],
  ['settle_p99_ms', 'ms', 'how long a batch of 100 takes'],
  ['settle_one_affiliate_per_s', perSecond, 'the same with every event on one affiliate'],
  ['audit_1m_s', 's', 'the audit of a million transfers'],
  ['release_300k_s', 's', 'the end of 300,000 holds'],
  ['lists_requests', 'requests', 'lists and reports of an operator, with every filter'],
  ['lists_slow', 'requests', 'those that take 100 ms or more at p99'],
  ['lists_worst_p99_ms', 'ms', 'the slowest of them'],
  ['workflow_per_event_per_s', perSecond, 'same rules and SQL, one workflow per event'],
  ['no_durability_per_s', perSecond, 'same front door, rules and postbacks, nothing kept'],
  ['delivery_per_s', perPostback, 'first attempts alone: signed, with a durable row each'],
  ['raw_undici_per_s', perPostback, 'the same bodies by undici, unsigned and unrecorded'],
  ['graphile_worker_per_s', perPostback, 'the same POST and row as jobs of graphile-worker'],
  ['bullmq_per_s', perPostback, 'the same as jobs of BullMQ; its log is synced once a second'],
  ['queue_per_s', perPostback, 'the faster of the two job queues'],
  ['drain_per_s', perPostback, 'one endpoint that is back, and what it missed'],
  ['drain_10k_s', 's', 'until 10,000 of them are delivered'],
  [
    'isolation_throughput_ratio',
    '×',
    'nineteen endpoints beside one that hangs with half the events, against all well',
  ],
  ['isolation_p99_ratio', '×', 'the same, from request to postback received at 300 events a second'],
  ['ratio_vs_workflow_per_event', '×', 'single events against one workflow per event'],
  ['ratio_vs_no_durability', '×', 'single events against nothing kept'],
  ['ratio_vs_queue', '×', 'first attempts against the faster job queue'],
  ['refused_cost_us', 'µs', 'CPU that a postback costs more where a hundred endpoints answer 404'],
  ['refused_p99_ratio', '×', 'wait beside them, in times of all well'],
  ['down_cost_us', 'µs', 'the same where they are down'],
  ['down_p99_ratio', '×', ''],
  ['overload_ratio', '×', 'throughput of ten times the load, in times of the capacity'],
  ['after_overload_ratio', '×', 'the same once it is over'],
  ['soak_per_s', perSecond, 'half of the capacity, for the time of a soak'],
  ['soak_p99_ratio', '×', 'from request to postback received, at its end in times of its begin'],
  ['soak_api_mb_ratio', '×', 'memory of the API, the same'],
  ['soak_worker_mb_ratio', '×', 'memory of the worker, the same'],
  ['soak_bytes_ratio', '×', 'tables and indexes for an event, the same'],
  ['api_rss_mb', 'MB', 'API, most memory while single events and batches ran'],
  ['worker_rss_mb', 'MB', 'worker, the same'],
  ['lost', 'events', 'accepted, but neither received nor waiting in plain sight'],
  ['doubled', 'postbacks', 'received more than once'],
  ['cores', '', 'shared by everything, load and receivers included'],
];

function cpuRows(way: 'single' | 'batch'): [keyof Figures, string, string][] {
  return [
    [`${way}_cpu_us`, 'µs', 'CPU per event of the four parts'],
    ...PARTS.map((part): [keyof Figures, string, string] => [`${way}_cpu_us_${part}`, 'µs', part]),
  ];
}

/** Lines of the printed table; a dash stands for a figure that was not measured. */
export function tableOf(figures: Figures): string {
  return ROWS.map(([name, unit, note]) => {
    const value = figures[name];
    const number = value?.toLocaleString('en', { maximumFractionDigits: 3 });
    const text = number === undefined ? '–' : `${number} ${unit}`;
    return `  ${name.padEnd(29)}${text.padStart(18)}   ${note}`.trimEnd();
  }).join('\n');
}

/** Writes a file of results as JSON. */
export function saveResults(file: string, results: unknown): void {
  const folder = fileURLToPath(new URL('results', import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), `${JSON.stringify(results)}\n`);
}
