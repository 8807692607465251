// Rates settled conversions again after a deal version that begins before them, chunk by chunk, with its progress in plain sight.
import {
  continueAsNew,
  defineQuery,
  patched,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { STATUS_QUERY, type RerateInput } from './contract.ts';
import { showInLists } from './search-attributes.ts';
import { upkeep } from './steps.ts';

/** `reasons`: how many were left as they were, by what they lack, since this run began. */
export type RerateStatus = {
  lookedAt: number;
  changed: number;
  kept: number;
  reasons: Record<string, number>;
};
const status = defineQuery<RerateStatus>(STATUS_QUERY);

/** How far it got is kept in the database, so that a run may end anywhere. */
export async function rerateDeal(input: RerateInput): Promise<RerateStatus> {
  const now: RerateStatus = { lookedAt: 0, changed: 0, kept: 0, reasons: {} };
  setHandler(status, () => now);
  const isInLists = patched('rerating-in-lists');
  if (isInLists) showInLists({ OperatorId: input.operatorId, DeliveryState: 'rerating' });

  for (;;) {
    const { lookedAt, changed, kept, reasons, isFinished } = await upkeep.rerateChunk(input);
    Object.assign(now, { lookedAt, changed, kept });
    for (const [reason, count] of Object.entries(reasons))
      now.reasons[reason] = (now.reasons[reason] ?? 0) + count;
    show(input, now, isFinished);
    if (isFinished) {
      if (isInLists) showInLists({ DeliveryState: 'done' });
      return now;
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof rerateDeal>(input);
  }
}

function show({ dealId, version }: RerateInput, now: RerateStatus, isFinished: boolean): void {
  const kept = Object.entries(now.reasons).map(
    ([reason, count]) => `- ${count} kept as they were: ${reason}`,
  );
  setCurrentDetails(
    [
      `**${now.changed} conversions rated again** by version ${version} of ${dealId}, of ${now.lookedAt} events looked at${isFinished ? '; finished' : ' so far'}.`,
      ...(kept.length > 0 ? ['', ...kept] : []),
    ].join('\n'),
  );
}
