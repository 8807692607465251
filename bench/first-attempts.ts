// Postrider's own first attempts: the worker's activity that delivers a batch, with its limits,
// several batches at a time.
import { createAttempt } from '../activities/delivery/attempt.ts';
import { createBatchTurns } from '../activities/delivery/batch-turns.ts';
import { createDeliverFirst, type DeliverFirstActivities } from '../activities/delivery/deliver-first.ts';
import { createConcurrencyLimiter } from '../activities/delivery/concurrency-limiter.ts';
import { DEFAULT_LIMITS } from '../activities/index.ts';
import { createRecorder } from '../activities/delivery/recorder.ts';
import { createGuard } from '../delivery/guard.ts';
import { createSender } from '../delivery/send.ts';
import { createPool, type Pool } from '../store/db/pool.ts';
import { answerQuestions } from './child.ts';
import {
  SECRET_BOX,
  runConcurrently,
  timed,
  type ContenderQuestions,
  type PlannedBatch,
  type ContenderInput,
} from './contender.ts';

/** One more than may start requests at the same time, so that a batch is always ready to start. */
const CONCURRENT_BATCHES = 4;
/**
 * On a slow machine a batch may exceed its time. It is run again, as Temporal would, and the whole
 * time counts.
 */
const RUNS_AT_MOST = 20;

const sender = createSender(
  createGuard({ allowCidrs: ['127.0.0.0/8'], allowPorts: '*', requireHttps: false }),
);
let pool: Pool | undefined;
let deliverFirst: DeliverFirstActivities['deliverFirst'];
let operatorId = '';
let planned: string[] = [];

async function start(surroundings: ContenderInput): Promise<void> {
  ({ operatorId } = surroundings);
  pool = createPool(surroundings.databaseUrl, { applicationName: 'bench-first-attempts' });
  const recorder = createRecorder(pool, (error) => console.error(error));
  const attempt = createAttempt({ sender, recorder, secretBox: SECRET_BOX });
  const budgetMs = DEFAULT_LIMITS.firstAttemptsMs;
  ({ deliverFirst } = createDeliverFirst({
    pool,
    attempt,
    limiter: createConcurrencyLimiter(),
    turns: createBatchTurns(),
    recorder,
    budgetMs,
  }));
}

/** The rows of the deliveries exist since the events were settled. */
async function plan(batches: PlannedBatch[]): Promise<void> {
  planned = batches.map(({ batchId }) => batchId);
}

const send = (): Promise<number> => timed(() => runConcurrently(planned, CONCURRENT_BATCHES, sendBatch));

async function sendBatch(batchId: string): Promise<void> {
  for (let run = 1; run <= RUNS_AT_MOST; run++) {
    const { left } = await deliverFirst({ batchId, operators: [{ operatorId, eventIds: [] }] });
    if (left === 0) return;
  }
  throw new Error(`postbacks of ${batchId} could not be delivered`);
}

async function close(): Promise<void> {
  await sender.close();
  await pool?.end();
}

answerQuestions({ start, plan, send } satisfies ContenderQuestions, close);
