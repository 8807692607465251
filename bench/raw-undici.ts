// The ceiling of sending: undici by itself, the same bodies to the same receivers, without a signature, a guard or a record.
import { Agent } from 'undici';
import { answerQuestions } from './child.ts';
import {
  sideBySide,
  timed,
  UNDER_WAY,
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

const send = (): Promise<number> => timed(() => sideBySide(planned, UNDER_WAY, sendOne));

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
