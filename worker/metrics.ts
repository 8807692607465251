// Prometheus metrics of the worker, and the HTTP port that serves them. Counting costs a few
// additions in memory.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Activities } from '../activities/index.ts';
import type { LookUp } from '../delivery/names.ts';
import type { Sender } from '../delivery/send.ts';
import { errorClassOf } from '../domain/delivery/retry.ts';

type WorkerMetrics = {
  /** Wraps a sender: counts each attempt by its outcome. */
  countAttempts(sender: Sender): Sender;
  /** Counts a question to the name servers with its result and duration. */
  lookedUp(result: LookUp['kind'], tookMs: number): void;
  /** Wraps the activities: counts each settled batch with its size and duration. */
  countBatches<A extends Pick<Activities, 'settle'>>(activities: A): A;
  /** Serves `GET /metrics` on this port until the process ends. Rejects when the port is taken. */
  listen(port: number, host: string): Promise<{ port: number; close(): void }>;
};

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];
const BATCH_SIZES = [1, 2, 5, 10, 25, 50, 100, 250, 500];

export function createWorkerMetrics(backlog: () => number): WorkerMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const attempts = new Counter({
    name: 'postrider_attempts_total',
    help: 'Attempts by outcome: delivered, http_<status>, or the class of the error',
    labelNames: ['outcome'],
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
        attempts.inc({ outcome: errorClassOf(outcome) ?? 'delivered' });
        attemptTimes.observe(outcome.durationMs / 1000);
        return outcome;
      },
    }),
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
    async listen(port, host) {
      const server = createServer((req, res) => {
        if (req.method !== 'GET' || req.url?.split('?')[0] !== '/metrics')
          return void res.writeHead(404).end();
        registry.metrics().then(
          (text) => res.writeHead(200, { 'content-type': registry.contentType }).end(text),
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
