// A workflow as a release has it: it takes a step, then waits for a signal.
import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';

type Steps = { first(): Promise<void>; second(): Promise<void> };

const { second } = proxyActivities<Steps>({ startToCloseTimeout: '5s' });

export async function changing(): Promise<string> {
  let isReleased = false;
  setHandler(defineSignal('go'), () => void (isReleased = true));
  await second();
  await condition(() => isReleased);
  return 'as before';
}
