// Upper bound of sending: plain undici, the same bodies to the same receivers, without signature,
// guard or record.
import { Agent } from 'undici';
import { answerQuestions } from './child.ts';
import {
  runConcurrently,
  timed,
  CONCURRENT_REQUESTS,
  type ContenderQuestions,
  type PlannedBatch,
  type Postback,
} from './contender.ts';
import { post } from './queue-job.ts';

const agent = new Agent({ pipelining: 1 });
let planned: Postback[] = [];

async function plan(batches: PlannedBatch[]): Promise<void> {
  planned = batches.flatMap(({ postbacks }) => postbacks);
}

const send = (): Promise<number> => timed(() => runConcurrently(planned, CONCURRENT_REQUESTS, sendOne));

async function sendOne({ id, url, body }: Postback): Promise<void> {
  // The receivers tell postbacks apart by the id.
  await post(agent, {
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json', 'webhook-id': id },
    body,
  });
}

answerQuestions({ start: async () => {}, plan, send } satisfies ContenderQuestions, () => agent.close());
