// Stuck deliveries of an operator, grouped by endpoint or by reason, and actions on all of them.
import {
  groupStuck,
  joinStuck,
  type StuckGroup,
  type StuckGroupBy,
  type StuckOrder,
  type StuckPart,
} from '../../domain/delivery/stuck.ts';
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';
import { findBulkAction, insertBulkAction, listBulkActions } from './bulk-actions.ts';
import { CHOSEN_STUCK, stuckReasonSql, stuckValues, type StuckFilter } from './stuck-condition.ts';

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

async function readParts(db: Queryable, operatorId: string, filter: StuckFilter): Promise<StuckPart[]> {
  const { rows } = await db.query<Omit<StuckPart, 'minor'> & { minor: string | null }>(
    `select d.endpoint_id as "endpointId", ${stuckReasonSql('d', 'e')} as reason, d.currency, d.minor,
       d.count, d.oldest_at as "oldestAt", d.has_workflow as "hasWorkflow",
       case when e.state = 'active' then d.next_attempt_at end as "nextAttemptAt"
     from (
       select d.endpoint_id, d.state, d.pause_reason, d.last_error, d.payout_currency as currency,
         sum(d.payout_delta_minor)::text as minor, count(*)::int as count, min(d.created_at) as oldest_at,
         min(d.next_attempt_at) filter (where d.owner is not null and d.pause_reason is null)
           as next_attempt_at,
         bool_or(d.owner is null or d.owner = 'endpoint') as has_workflow
       from deliveries d where ${CHOSEN_STUCK} group by 1, 2, 3, 4, 5
     ) d join endpoints e on e.operator_id = $1 and e.id = d.endpoint_id`,
    [operatorId, ...stuckValues(filter)],
  );
  return rows.map(({ minor, ...part }) => ({ ...part, minor: minor === null ? null : BigInt(minor) }));
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
