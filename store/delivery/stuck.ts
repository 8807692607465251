// Stuck deliveries of an operator, grouped by endpoint or by reason, and actions on all of them.
import {
  groupStuck,
  joinStuck,
  type StuckGroup,
  type StuckGroupBy,
  type StuckOrder,
  type StuckPart,
} from '../../domain/delivery/stuck.ts';
import { epochMs } from '../db/epoch-ms.ts';
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';
import { findBulkAction, insertBulkAction, listBulkActions } from './bulk-actions.ts';
import { stuckReasonSql, stuckValues, type StuckFilter } from './stuck-condition.ts';
import { chosenParts } from './stuck-counts.ts';

/** An endpoint with stuck deliveries. Null where it is the operator's own webhook. */
type StuckEndpoint = {
  id: string;
  name: string | null;
  url: string;
  affiliate: { id: string; name: string } | null;
};

/** The first groups, with the endpoints of those by endpoint, and all deliveries as one group. */
export type Stuck = {
  groups: (StuckGroup & { endpoint: StuckEndpoint | null })[];
  groupsInAll: number;
  all: StuckGroup | null;
};

export type StuckView = { by: StuckGroupBy; order: StuckOrder; limit: number };

export function createStuck(db: Queryable) {
  return {
    insertAction: (operatorId: string, action: Parameters<typeof insertBulkAction>[2]) =>
      insertBulkAction(db, operatorId, action),
    findAction: (operatorId: string, id: string) => findBulkAction(db, operatorId, id),
    listActions: (operatorId: string, page: Page) => listBulkActions(db, operatorId, page),

    async find(operatorId: string, filter: StuckFilter, { by, order, limit }: StuckView): Promise<Stuck> {
      const parts = await readParts(db, operatorId, filter);
      const groups = groupStuck(parts, by, order);
      const shown = groups.slice(0, limit);
      const ids = by === 'endpoint' ? shown.flatMap(({ endpointIds }) => endpointIds) : [];
      const endpoints = await readEndpoints(db, operatorId, ids);
      return {
        groups: shown.map((group) => ({ ...group, endpoint: endpoints.get(group.endpointIds[0]!) ?? null })),
        groupsInAll: groups.length,
        all: joinStuck(parts),
      };
    },
  };
}

/**
 * What waits for an endpoint's queue, or behind something that does, is tried when the queue has
 * its next turn: when the first in it is due, or later, where the endpoint is probed.
 */
const NEXT_ATTEMPT_AT = `case when e.state <> 'active' or p.owner is null or p.pause_reason is not null then null
  when p.owner = 'self' then (select min(d.next_attempt_at) from deliveries d
    where d.operator_id = p.operator_id and d.endpoint_id = p.endpoint_id and d.owner = 'self'
      and d.state = p.state and d.pause_reason is null
      and d.last_error is not distinct from p.last_error and d.affiliate_id is not distinct from p.affiliate_id)
  else greatest(e.next_turn_at, (select d.next_attempt_at from deliveries d
    where d.operator_id = p.operator_id and d.endpoint_id = p.endpoint_id and d.owner = 'endpoint'
    order by d.next_attempt_at limit 1)) end`;

const PARTS = chosenParts(`p.endpoint_id as "endpointId", ${stuckReasonSql('p', 'e')} as reason,
  p.pause_reason as "pauseReason",
  p.payout_currency as currency, p.minor::text, p.count, ${epochMs('p.oldest_at')} as "oldestMs",
  p.owner is null or p.owner = 'endpoint' as "hasWorkflow", ${epochMs(NEXT_ATTEMPT_AT)} as "nextAttemptMs"`);

async function readParts(db: Queryable, operatorId: string, filter: StuckFilter): Promise<StuckPart[]> {
  const { rows } = await db.query<Omit<StuckPart, 'minor'> & { minor: string }>(PARTS, [
    operatorId,
    ...stuckValues(filter),
  ]);
  return rows.map(({ minor, ...part }) => ({ ...part, minor: BigInt(minor) }));
}

async function readEndpoints(
  db: Queryable,
  operatorId: string,
  ids: readonly string[],
): Promise<Map<string, StuckEndpoint>> {
  const { rows } = await db.query<StuckEndpoint>(
    `select e.id, e.name, e.url,
       case when a.id is not null then json_build_object('id', a.id, 'name', a.name) end as affiliate
     from endpoints e left join affiliates a on a.operator_id = e.operator_id and a.id = e.affiliate_id
     where e.operator_id = $1 and e.id = any($2)`,
    [operatorId, ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}
