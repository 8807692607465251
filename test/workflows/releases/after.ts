// The same workflow in the next release, with one more step, which only workflows that started
// since take.
import { condition, defineSignal, patched, proxyActivities, setHandler } from '@temporalio/workflow';

type Steps = { first(): Promise<void>; second(): Promise<void> };

const { first, second } = proxyActivities<Steps>({ startToCloseTimeout: '5s' });

export async function changing(): Promise<string> {
  let isReleased = false;
  setHandler(defineSignal('go'), () => void (isReleased = true));
  const isPatched = patched('first-step');
  if (isPatched) await first();
  await second();
  await condition(() => isReleased);
  return isPatched ? 'as after' : 'as before';
}
