// Answers about stuck postbacks: schemas and views.
import { z } from 'zod';
import type { StuckGroup, StuckGroupBy } from '../../domain/delivery/stuck.ts';
import { endpointWorkflowId } from '../../domain/keys.ts';
import { formatMoney } from '../../domain/ledger/money.ts';
import { REASONS_WITHOUT_ERROR } from '../../store/delivery/stuck-condition.ts';
import type { Stuck } from '../../store/delivery/stuck.ts';
import * as field from '../http/answer-fields.ts';
import type { Temporal } from '../temporal.ts';

type Links = Pick<Temporal, 'workflowUrl' | 'workflowsUrl'>;

const notTold = z
  .array(z.object({ currency: field.currency, amount: field.money }))
  .meta({ description: 'the sum of `payout_delta` by currency' });

export const stuckGroup = z.object({
  endpoint: z
    .object({ id: field.idOf('ep'), name: field.text.nullable(), url: field.text })
    .nullable()
    .meta({ description: 'null in groups by reason' }),
  affiliate: z
    .object({ id: field.affiliateId, name: field.text })
    .nullable()
    .meta({ description: 'whose endpoint it is; null: the operator’s own webhook' }),
  reason: field.text.meta({
    description:
      'the most frequent one: an error class such as `http_404` or `timeout`; `endpoint_paused`, `endpoint_disabled`; `paused` by a person; `queued` behind others; `given_up` by a person before any error',
  }),
  reasons: z.array(z.object({ reason: field.text, count: field.count })),
  pause_reason: field.text.nullable().meta({
    description: 'why a person paused postbacks, the most frequent one; null: none of them is paused',
  }),
  endpoints: field.count,
  count: field.count,
  oldest_at: field.time.meta({ description: 'when the oldest one was planned' }),
  next_attempt_at: field.time.nullable().meta({
    description:
      'when the first of them is tried, or the queue that they wait in is looked at; null: none is tried without a person',
  }),
  not_told: notTold,
  workflow_url: field.text.nullable().meta({
    description: 'in the Temporal UI: the workflow of the endpoint, or a list of workflows',
  }),
});

export const stuckTotal = z
  .object({ groups: field.count, count: field.count, not_told: notTold })
  .meta({ description: 'of all groups, also of those beyond `limit`' });

export function stuckView(
  { groups, groupsInAll, all }: Stuck,
  { operatorId, by, temporal }: { operatorId: string; by: StuckGroupBy; temporal: Links },
) {
  const urlOf = (group: StuckGroup) =>
    by === 'endpoint' ? urlOfEndpoint(group, temporal) : urlOfReason(group, operatorId, temporal);
  return {
    data: groups.map((group) => ({
      endpoint: group.endpoint && endpointView(group.endpoint),
      affiliate: group.endpoint?.affiliate ?? null,
      reason: group.reasons[0]!.reason,
      reasons: group.reasons,
      pause_reason: group.pauseReason,
      endpoints: group.endpointIds.length,
      count: group.count,
      oldest_at: group.oldestAt,
      next_attempt_at: group.nextAttemptAt,
      not_told: sumsView(group),
      workflow_url: urlOf(group),
    })),
    total: { groups: groupsInAll, count: all?.count ?? 0, not_told: all === null ? [] : sumsView(all) },
  };
}

const endpointView = ({ id, name, url }: NonNullable<Stuck['groups'][number]['endpoint']>) => ({
  id,
  name,
  url,
});

/** The endpoint's workflow, or those of single postbacks to an endpoint that has none. */
function urlOfEndpoint({ endpointIds: [id = ''], hasWorkflow }: StuckGroup, temporal: Links): string | null {
  return hasWorkflow
    ? temporal.workflowUrl(endpointWorkflowId(id))
    : temporal.workflowsUrl(`EndpointId="${id}"`);
}

/** Only errors are search attributes; the state of an endpoint is not. */
function urlOfReason({ reasons }: StuckGroup, operatorId: string, temporal: Links): string | null {
  const [{ reason } = { reason: '' }] = reasons;
  return (REASONS_WITHOUT_ERROR as readonly string[]).includes(reason)
    ? temporal.workflowsUrl(`OperatorId="${operatorId}" AND ExecutionStatus="Running"`)
    : temporal.workflowsUrl(`OperatorId="${operatorId}" AND LastError="${reason}"`);
}

const sumsView = ({ notTold: sums }: StuckGroup) =>
  sums.map(({ currency, minor }) => ({ currency, amount: formatMoney(minor, currency) }));
