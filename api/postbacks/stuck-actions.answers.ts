// Answers about actions on everything that is stuck: schema and view.
import { z } from 'zod';
import { STUCK_ACTIONS, STUCK_STATES } from '../../domain/delivery/stuck.ts';
import { stuckActionWorkflowId } from '../../domain/keys.ts';
import { BULK_STATES, type BulkAction } from '../../store/delivery/bulk-actions.ts';
import * as field from '../http/answer-fields.ts';
import type { Temporal } from '../temporal.ts';

export const stuckAction = z.object({
  id: field.idOf('act'),
  action: z.enum(STUCK_ACTIONS),
  state: z.enum(BULK_STATES),
  total: field.count.meta({
    description:
      'postbacks that the filter chose; of `pause`, their endpoints. At the end `done`, `joined`, `refused` and `skipped` together',
  }),
  done: field.count,
  joined: field.count.meta({
    description: 'of `retry`: an attempt was under way already, and is the answer to the wish',
  }),
  refused: field.count.meta({ description: 'whose state forbade it' }),
  refusals: z.array(z.object({ reason: field.text, count: field.count })),
  skipped: field.count.meta({
    description: 'no longer stuck at their turn, or left alone by an action that was cancelled',
  }),
  endpoint_id: field.idOf('ep').nullable(),
  affiliate_id: field.affiliateId.nullable(),
  stuck_state: z.enum(STUCK_STATES).nullable(),
  reason: field.text.nullable(),
  last_error: field.text.nullable(),
  dry_run: z.boolean(),
  created_at: field.time,
  finished_at: field.time.nullable(),
  workflow_url: field.text.nullable(),
});

/** An action with its filter, where `state` is called `stuck_state`, and its progress. */
export function stuckActionView(
  { filter, refused, ...row }: BulkAction,
  workflowUrl: Temporal['workflowUrl'],
) {
  const refusals = Object.entries(refused).map(([reason, count]) => ({ reason, count }));
  const refusedInAll = refusals.reduce((sum, { count }) => sum + count, 0);
  const isOver = row.state !== 'running' && !row.isDryRun;
  return {
    id: row.id,
    action: row.action,
    state: row.state,
    total: row.total,
    done: row.done,
    joined: row.joined,
    refused: refusedInAll,
    refusals,
    skipped: isOver ? row.total - row.done - row.joined - refusedInAll : 0,
    endpoint_id: filter.endpointId,
    affiliate_id: filter.affiliateId,
    stuck_state: filter.state,
    reason: filter.reason,
    last_error: filter.lastError,
    dry_run: row.isDryRun,
    created_at: row.createdAt,
    finished_at: row.finishedAt,
    workflow_url: row.isDryRun ? null : workflowUrl(stuckActionWorkflowId(row.id)),
  };
}
