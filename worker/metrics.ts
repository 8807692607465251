// Prometheus metrics of the worker, and the HTTP port that serves them. Counting costs a few
// additions in memory.
import { once } from 'node:events';
import { createServer, STATUS_CODES } from 'node:http';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { OnRecorded } from '../activities/delivery/attempt.ts';
import type { Activities } from '../activities/index.ts';
import type { LookUp } from '../delivery/names.ts';
import type { Sender } from '../delivery/send.ts';
import { errorClassOf, type AttemptOutcome } from '../domain/delivery/retry.ts';
import { timeOfId } from '../store/db/ids.ts';

type WorkerMetrics = {
  /** Wraps a sender: counts each attempt by its outcome. */
  countAttempts(sender: Sender): Sender;
  /** Counts what an attempt led to: a postback that was given up, or the end of its way. */
  recorded: OnRecorded;
  /** Counts a question to the name servers with its result and duration. */
  lookedUp(result: LookUp['kind'], tookMs: number): void;
  /** Wraps the activities: counts each settled batch with its size and duration. */
  countBatches<A extends Pick<Activities, 'settle'>>(activities: A): A;
  /** Wraps the activities: counts messages to people, and those that could not be sent. */
  countNotices<A extends Pick<Activities, 'sendNotices'>>(activities: A): A;
  /** Serves `GET /metrics` on this port until the process ends. Rejects when the port is taken. */
  listen(port: number, host: string): Promise<{ port: number; close(): void }>;
};

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];
const WAYS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43_200, 172_800];
const BATCH_SIZES = [1, 2, 5, 10, 25, 50, 100, 250, 500];

type WorkerMetricsDeps = {
  registry: Registry;
  /** The number of attempts that are over and not written. */
  backlog: () => number;
  /** The text of the metrics of Temporal's SDK. */
  readSdk?: () => Promise<string>;
};

export function createWorkerMetrics({
  registry,
  backlog,
  readSdk = () => Promise.resolve(''),
}: WorkerMetricsDeps): WorkerMetrics {
  const registers = [registry];
  const attempts = new Counter({
    name: 'postrider_attempts_total',
    help: 'Attempts by outcome: delivered, http_<status>, or the class of the error',
    labelNames: ['outcome'],
    registers,
  });
  // From zero, so that an alert sees the first one.
  attempts.inc({ outcome: 'local_error' }, 0);
  const gaveUp = new Counter({
    name: 'postrider_postbacks_given_up_total',
    help: 'Postbacks given up after their last try or by word of the receiver, not by a person',
    registers,
  });
  const ways = new Histogram({
    name: 'postrider_event_to_delivery_seconds',
    help: 'From taking a conversion in until its postback was delivered, by the first try or a later one',
    labelNames: ['try'],
    buckets: WAYS,
    registers,
  });
  const attemptTimes = new Histogram({
    name: 'postrider_attempt_seconds',
    help: 'How long attempts took',
    buckets: SECONDS,
    registers,
  });
  const lookUps = new Histogram({
    name: 'postrider_name_lookup_seconds',
    help: 'How long the name servers took to answer for a name, by result',
    labelNames: ['result'],
    buckets: SECONDS,
    registers,
  });
  const batches = new Histogram({
    name: 'postrider_settle_batch_events',
    help: 'Events of a batch that was settled',
    buckets: BATCH_SIZES,
    registers,
  });
  const settleTimes = new Histogram({
    name: 'postrider_settle_seconds',
    help: 'How long settling a batch took',
    labelNames: ['result'],
    buckets: SECONDS,
    registers,
  });
  const notices = new Counter({
    name: 'postrider_notice_messages_total',
    help: 'Messages to the channels of notices by result; one that failed is tried again',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['sent', 'failed']) notices.inc({ result }, 0);
  const recorderBacklog = new Gauge({
    name: 'postrider_recorder_backlog',
    help: 'Attempts that are over and not written yet; at 256 no further request starts',
    registers: [],
    collect() {
      this.set(backlog());
    },
  });
  registry.registerMetric(recorderBacklog);

  return {
    countAttempts: (sender) => ({
      ...sender,
      async send(request, options) {
        const outcome = await sender.send(request, options);
        attempts.inc({ outcome: labelOf(outcome) });
        attemptTimes.observe(outcome.durationMs / 1000);
        return outcome;
      },
    }),
    recorded({ aboutId, type, attempts: earlier }, { next, cause, startedAt, durationMs }) {
      if (next.state === 'gave_up') gaveUp.inc();
      // A replay may tell again what was told long ago.
      if (next.state !== 'delivered' || type !== 'conversion.created' || cause === 'replay') return;
      const tookMs = startedAt.getTime() + durationMs - timeOfId(aboutId);
      ways.observe({ try: earlier === 0 ? 'first' : 'later' }, Math.max(0, tookMs) / 1000);
    },
    lookedUp: (result, tookMs) => lookUps.observe({ result }, tookMs / 1000),
    countBatches: (activities) => ({
      ...activities,
      async settle(input) {
        const end = settleTimes.startTimer();
        try {
          const settled = await activities.settle(input);
          batches.observe(input.operators.reduce((sum, { eventIds }) => sum + eventIds.length, 0));
          end({ result: 'settled' });
          return settled;
        } catch (error) {
          end({ result: 'failed' });
          throw error;
        }
      },
    }),
    countNotices: (activities) => ({
      ...activities,
      async sendNotices() {
        const done = await activities.sendNotices();
        notices.inc({ result: 'sent' }, done.sent);
        notices.inc({ result: 'failed' }, done.failed);
        return done;
      },
    }),
    async listen(port, host) {
      const server = createServer((req, res) => {
        if (req.method !== 'GET' || req.url?.split('?')[0] !== '/metrics')
          return void res.writeHead(404).end();
        // Without those of the SDK, ours are still worth reading.
        Promise.all([registry.metrics(), readSdk().catch(() => '')]).then(
          (texts) => res.writeHead(200, { 'content-type': registry.contentType }).end(texts.join('')),
          () => res.writeHead(500).end(),
        );
      });
      server.listen(port, host);
      await once(server, 'listening');
      // The server must not keep a process alive that has finished.
      server.unref();
      const address = server.address();
      return {
        port: typeof address === 'object' && address !== null ? address.port : port,
        close() {
          server.close();
          server.closeAllConnections();
        },
      };
    },
  };
}

/** A receiver may answer any status; those without a meaning share one label. */
function labelOf(outcome: AttemptOutcome): string {
  const error = errorClassOf(outcome) ?? 'delivered';
  const [, status] = /^http_(\d+)$/.exec(error) ?? [];
  return status === undefined || status in STATUS_CODES ? error : 'http_other';
}
