// First attempts as BullMQ jobs on a Redis of its own; attempt rows go to the same PostgreSQL.
import { Queue, Worker } from 'bullmq';
import { answerQuestions } from './child.ts';
import {
  CONCURRENT_REQUESTS,
  type ContenderQuestions,
  type PlannedBatch,
  type Postback,
  type ContenderInput,
} from './contender.ts';
import { createQueueJob, type QueueJob } from './queue-job.ts';

const NAME = 'postbacks';

let connection: { host: string; port: number };
let job: QueueJob | undefined;
let queue: Queue<Postback> | undefined;
let planned = 0;

async function start(input: ContenderInput): Promise<void> {
  connection = { host: '127.0.0.1', port: input.redisPort };
  job = createQueueJob(input);
  queue = new Queue(NAME, { connection });
}

async function plan(batches: PlannedBatch[]): Promise<void> {
  for (const { postbacks } of batches)
    await queue!.addBulk(
      postbacks.map((data) => ({ name: 'postback', data, opts: { removeOnComplete: true, attempts: 1 } })),
    );
  planned = batches.reduce((sum, { postbacks }) => sum + postbacks.length, 0);
}

async function send(): Promise<number> {
  const performed = job!.performed(planned);
  const worker = new Worker<Postback>(NAME, ({ data }) => job!.perform(data), {
    connection,
    concurrency: CONCURRENT_REQUESTS,
  });
  worker.on('error', (error) => console.error(error));
  try {
    return await performed;
  } finally {
    await worker.close();
  }
}

async function close(): Promise<void> {
  await queue?.close();
  await job?.close();
}

answerQuestions({ start, plan, send } satisfies ContenderQuestions, close);
