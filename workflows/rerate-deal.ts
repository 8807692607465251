// Rates settled conversions again by a deal version that begins before them, in chunks, and shows
// its progress.
import {
  continueAsNew,
  defineQuery,
  patched,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { STATUS_QUERY, type RerateInput } from './contract.ts';
import { updateSearchAttributes } from './search-attributes.ts';
import { upkeep } from './steps.ts';

/** `reasons`: conversions left unchanged in this run, counted by reason. */
export type RerateStatus = {
  lookedAt: number;
  changed: number;
  kept: number;
  reasons: Record<string, number>;
};
const status = defineQuery<RerateStatus>(STATUS_QUERY);

/** Progress is stored in the database, so a run may end at any point. */
export async function rerateDeal(input: RerateInput): Promise<RerateStatus> {
  const now: RerateStatus = { lookedAt: 0, changed: 0, kept: 0, reasons: {} };
  setHandler(status, () => now);
  const hasSearchAttributes = patched('rerating-in-lists');
  if (hasSearchAttributes)
    updateSearchAttributes({ OperatorId: input.operatorId, DeliveryState: 'rerating' });

  for (;;) {
    const { lookedAt, changed, kept, reasons, isFinished } = await upkeep.rerateChunk(input);
    Object.assign(now, { lookedAt, changed, kept });
    for (const [reason, count] of Object.entries(reasons))
      now.reasons[reason] = (now.reasons[reason] ?? 0) + count;
    show(input, now, isFinished);
    if (isFinished) {
      if (hasSearchAttributes) updateSearchAttributes({ DeliveryState: 'done' });
      return now;
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof rerateDeal>(input);
  }
}

function show({ dealId, version }: RerateInput, now: RerateStatus, isFinished: boolean): void {
  const kept = Object.entries(now.reasons).map(
    ([reason, count]) => `- ${count} kept as they were: ${reason}`,
  );
  const summary =
    `**${now.changed} conversions rated again** by version ${version} of ${dealId}, ` +
    `of ${now.lookedAt} events looked at${isFinished ? '; finished' : ' so far'}.`;
  setCurrentDetails([summary, ...(kept.length > 0 ? ['', ...kept] : [])].join('\n'));
}
