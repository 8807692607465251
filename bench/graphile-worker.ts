// The same first attempts as jobs of graphile-worker, on the same PostgreSQL, with the batching that its documentation uses for speed.
import { Logger, makeWorkerUtils, run, type WorkerUtils } from 'graphile-worker';
import { answerQuestions } from './child.ts';
import {
  UNDER_WAY,
  type ContenderQuestions,
  type PlannedBatch,
  type Postback,
  type Surroundings,
} from './contender.ts';
import { createQueueJob, type QueueJob } from './queue-job.ts';

const TASK = 'postback';
const LOCAL_QUEUE = 500;
/** Connections for fetching and finishing jobs, beside those that the jobs' own rows are written by. */
const CONNECTIONS = 20;

/** What it reports beside that would be a line for each job. */
const SHOWN: ReadonlySet<string> = new Set(['error', 'warning']);
const logger = new Logger(() => (level, message) => {
  if (SHOWN.has(level)) console.error(message);
});
let surroundings: Surroundings;
let job: QueueJob | undefined;
let queue: WorkerUtils | undefined;
let planned = 0;

async function start(given: Surroundings): Promise<void> {
  surroundings = given;
  job = createQueueJob(given);
  queue = await makeWorkerUtils({ connectionString: given.databaseUrl, logger });
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
        connectionString: surroundings.databaseUrl,
        concurrentJobs: UNDER_WAY,
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
