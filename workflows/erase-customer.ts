// Erases a customer: first from the events and the keys of commission, then from all that was made
// of them.
import { continueAsNew, setCurrentDetails, sleep, workflowInfo } from '@temporalio/workflow';
import type { ErasureStep } from '../activities/upkeep/erasures.ts';
import type { ErasureInput } from './contract.ts';
import { updateSearchAttributes } from './search-attributes.ts';
import { erasing, upkeep } from './steps.ts';
import { counted } from './texts.ts';

/** Ends when nothing is left of the customer; there is no way back, so nothing cancels it. */
export async function eraseCustomer(input: ErasureInput): Promise<ErasureStep> {
  updateSearchAttributes({ OperatorId: input.operatorId, DeliveryState: 'erasing' });
  await erasing.renameCustomer(input);
  for (;;) {
    const { waitMs, ...now } = await upkeep.erasureStep(input);
    setCurrentDetails(details(now));
    if (now.state !== 'running') {
      updateSearchAttributes({ DeliveryState: now.state });
      return now;
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew(input);
    if (waitMs > 0) await sleep(waitMs, { summary: 'for the end of what is being sent' });
  }
}

function details({ state, events, deliveries }: ErasureStep): string {
  const looked = counted(events, 'event', 'events');
  return `**${state}**: ${looked} looked through, ${counted(deliveries, 'postback', 'postbacks')} emptied.`;
}
