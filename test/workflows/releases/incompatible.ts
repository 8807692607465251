// The same change without a patch, which is a mistake: running workflows did not take the new step.
import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';

type Steps = { first(): Promise<void>; second(): Promise<void> };

const { first, second } = proxyActivities<Steps>({ startToCloseTimeout: '5s' });

export async function changing(): Promise<string> {
  let isReleased = false;
  setHandler(defineSignal('go'), () => void (isReleased = true));
  await first();
  await second();
  await condition(() => isReleased);
  return 'as after';
}
