// Metrics of the API for Prometheus. Counting is done in memory; the backlog is read from
// PostgreSQL when metrics are requested, at most every 15 s. No label names an operator, affiliate
// or endpoint: their number has no bound.
import type { Request, RequestHandler } from 'express';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Backlog } from '../../store/upkeep/backlog.ts';
import type { ErrorCode } from '../http/errors.ts';
import { routeOf } from '../http/path.ts';
import type { DispatcherCounts } from '../intake/dispatcher.ts';
import type { IntakeResult } from '../intake/intake.ts';

export type ApiMetrics = {
  /** Times every request, by the pattern of its route. */
  timed: RequestHandler;
  /** Counts a group that intake wrote, with the time that its first event had waited. */
  ingested(results: readonly IntakeResult[], waitedMs: number): void;
  /** Counts a refused request, or a refused event of a batch. */
  refused(code: ErrorCode): void;
  contentType: string;
  /** All metrics in the text format of Prometheus. */
  read(): Promise<string>;
};

type ApiMetricsDeps = {
  registry: Registry;
  readBacklog: () => Promise<Backlog>;
  dispatcher: () => DispatcherCounts;
  now?: () => number;
};

const BACKLOG_KEPT_MS = 15_000;
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const GROUP_SIZES = [1, 2, 5, 10, 25, 50, 100, 250, 500];

export function createApiMetrics({
  registry,
  readBacklog,
  dispatcher,
  now = Date.now,
}: ApiMetricsDeps): ApiMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'postrider_http_requests_total',
    help: 'Requests by the pattern of their route, "none" where no route is',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  // Without the status, which would multiply its fourteen series by that of every refusal.
  const requestTimes = new Histogram({
    name: 'postrider_http_request_duration_seconds',
    help: 'How long requests took to answer',
    labelNames: ['method', 'route'],
    buckets: SECONDS,
    registers,
  });
  const events = new Counter({
    name: 'postrider_events_total',
    help: 'Events that intake wrote or recognised',
    labelNames: ['result'],
    registers,
  });
  const refusals = new Counter({
    name: 'postrider_refusals_total',
    help: 'Requests and events that were not taken',
    labelNames: ['code'],
    registers,
  });
  const groups = new Histogram({
    name: 'postrider_intake_group_events',
    help: 'Events inserted by one statement',
    buckets: GROUP_SIZES,
    registers,
  });
  const waits = new Histogram({
    name: 'postrider_intake_wait_seconds',
    help: 'How long the first event of a group waited for its turn',
    buckets: SECONDS,
    registers,
  });
  addDispatcherMetrics(registry, dispatcher);
  const showBacklog = addBacklogMetrics(registry);

  let kept: { at: number; backlog: Promise<Backlog | null> } | null = null;
  function backlogNow(): Promise<Backlog | null> {
    // Caches the promise, so that concurrent requests share one query; a failure is cached as long.
    if (kept === null || now() - kept.at >= BACKLOG_KEPT_MS)
      kept = { at: now(), backlog: readBacklog().catch(() => null) };
    return kept.backlog;
  }

  return {
    timed: (req, res, next) => {
      const end = requestTimes.startTimer();
      res.once('finish', () => {
        const labels = { method: methodOf(req), route: routeOf(req) };
        end(labels);
        requests.inc({ ...labels, status: res.statusCode });
      });
      next();
    },
    ingested(results, waitedMs) {
      groups.observe(results.length);
      waits.observe(waitedMs / 1000);
      for (const { kind } of results) events.inc({ result: kind });
    },
    refused: (code) => refusals.inc({ code }),
    contentType: registry.contentType,
    async read() {
      showBacklog(await backlogNow());
      return await registry.metrics();
    },
  };
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'PUT', 'OPTIONS']);

/** Node accepts some forty methods; those without routes share one label. */
function methodOf({ method }: Request): string {
  return METHODS.has(method) ? method : 'other';
}

function addDispatcherMetrics(registry: Registry, read: () => DispatcherCounts): void {
  const started = new Counter({
    name: 'postrider_batches_started_total',
    help: 'Workflows that this process started for batches of events',
    registers: [],
    collect() {
      this.reset();
      this.inc(read().started);
    },
  });
  const inFlight = new Gauge({
    name: 'postrider_batches_in_flight',
    help: 'Batches that this process started and still waits for',
    registers: [],
    collect() {
      this.set(read().inFlight);
    },
  });
  const waiting = new Gauge({
    name: 'postrider_events_to_start',
    help: 'Events that this process kept and that wait for a batch',
    registers: [],
    collect() {
      this.set(read().waiting);
    },
  });
  for (const metric of [started, inFlight, waiting]) registry.registerMetric(metric);
}

/**
 * Gives the function that shows a backlog. Without one its series are removed, since a stale figure
 * would look valid.
 */
function addBacklogMetrics(registry: Registry): (backlog: Backlog | null) => void {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `postrider_${name}`, help, labelNames, registers: [registry] });
  const isRead = gauge(
    'backlog_read',
    'Whether PostgreSQL could be asked for the figures below, which are missing otherwise',
  );
  const gauges = {
    unsettled: gauge('events_unsettled', 'Events without an outcome, among the newest 20,000'),
    oldest: gauge(
      'events_unsettled_oldest_seconds',
      'How long the oldest event without an outcome has waited',
    ),
    setAside: gauge('events_set_aside', 'Events set aside, counted to 100,000', ['reason']),
    postbacks: gauge(
      'postbacks_stuck',
      'Postbacks that are retried or held, or were given up and not acknowledged',
      ['state'],
    ),
    oldestStuck: gauge('postbacks_stuck_oldest_seconds', 'Age of the oldest of these, 0 without one', [
      'state',
    ]),
    endpoints: gauge('endpoints', 'Endpoints; failing are active ones that do nothing but fail', ['state']),
    holdsDue: gauge('holds_due', 'Commissions whose hold has ended, counted to 100,000'),
    monthsDue: gauge('months_due', 'Months of the first 1,000 operators that are due to be closed'),
    amendments: gauge('amendments_waiting', 'Amendments that lack something'),
  };
  return (backlog) => {
    const { setAside, postbacks, oldestStuck, endpoints, ...plain } = gauges;
    // `reset` would show zero for a gauge without labels, so those are removed.
    for (const one of Object.values(plain)) one.remove();
    for (const one of [setAside, postbacks, oldestStuck, endpoints]) one.reset();
    isRead.set(backlog === null ? 0 : 1);
    if (backlog === null) return;
    gauges.unsettled.set(backlog.unsettled.events);
    gauges.oldest.set(backlog.unsettled.oldestSeconds);
    for (const [reason, count] of Object.entries(backlog.setAside)) setAside.set({ reason }, count);
    for (const [state, { count, oldestSeconds }] of Object.entries(backlog.postbacks)) {
      postbacks.set({ state }, count);
      oldestStuck.set({ state }, oldestSeconds);
    }
    for (const [state, count] of Object.entries(backlog.endpoints)) endpoints.set({ state }, count);
    gauges.holdsDue.set(backlog.holdsDue);
    gauges.monthsDue.set(backlog.monthsDue);
    gauges.amendments.set(backlog.amendmentsWaiting);
  };
}
