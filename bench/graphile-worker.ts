// First attempts as graphile-worker jobs on the same PostgreSQL, with the batching that its
// documentation recommends for speed.
import { Logger, makeWorkerUtils, run, type WorkerUtils } from 'graphile-worker';
import { answerQuestions } from './child.ts';
import {
  CONCURRENT_REQUESTS,
  type ContenderQuestions,
  type PlannedBatch,
  type Postback,
  type ContenderInput,
} from './contender.ts';
import { createQueueJob, type QueueJob } from './queue-job.ts';

const TASK = 'postback';
const LOCAL_QUEUE = 500;
/** Connections that fetch and finish jobs, beside those that write attempt rows. */
const CONNECTIONS = 20;

/** Other log levels would print a line per job. */
const SHOWN: ReadonlySet<string> = new Set(['error', 'warning']);
const logger = new Logger(() => (level, message) => {
  if (SHOWN.has(level)) console.error(message);
});
let contender: ContenderInput;
let job: QueueJob | undefined;
let queue: WorkerUtils | undefined;
let planned = 0;

async function start(input: ContenderInput): Promise<void> {
  contender = input;
  job = createQueueJob(input);
  queue = await makeWorkerUtils({ connectionString: input.databaseUrl, logger });
  await queue.migrate();
}

async function plan(batches: PlannedBatch[]): Promise<void> {
  for (const { postbacks } of batches)
    await queue!.addJobs(postbacks.map((payload) => ({ identifier: TASK, payload, maxAttempts: 1 })));
  planned = batches.reduce((sum, { postbacks }) => sum + postbacks.length, 0);
}

async function send(): Promise<number> {
  const performed = job!.performed(planned);
  const runner = await run({
    preset: {
      worker: {
        connectionString: contender.databaseUrl,
        concurrentJobs: CONCURRENT_REQUESTS,
        maxPoolSize: CONNECTIONS,
        localQueue: { size: LOCAL_QUEUE },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
        logger,
      },
    },
    noHandleSignals: true,
    taskList: { [TASK]: (payload) => job!.perform(payload as Postback) },
  });
  try {
    return await performed;
  } finally {
    await runner.stop();
  }
}

async function close(): Promise<void> {
  await queue?.release();
  await job?.close();
}

answerQuestions({ start, plan, send } satisfies ContenderQuestions, close);
