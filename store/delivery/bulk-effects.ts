// Effects of bulk actions on a page of deliveries, which a step has locked, or of endpoints.
import { switched } from '../../domain/delivery/breaker.ts';
import type { Owner } from '../../domain/delivery/deliveries.ts';
import type { StuckAction } from '../../domain/delivery/stuck.ts';
import type { Queryable } from '../db/pool.ts';
import { lockHealth, writeHealth } from './endpoint-health.ts';
import { giveUpLocked } from './manual-actions.ts';
import { lockUnfinishedAbout } from './succession.ts';
import { acknowledge } from './transitions/actions.ts';
import { replay } from './transitions/replays.ts';

/** `endpoints` and `singles`: endpoints and single deliveries whose workflows must hear of it. */
export type Effect = {
  done: number;
  refused: Record<string, number>;
  endpoints: string[];
  singles: string[];
};

export const NO_EFFECT: Effect = { done: 0, refused: {}, endpoints: [], singles: [] };

type Act = (db: Queryable, operatorId: string, ids: readonly string[]) => Promise<Effect>;

export const EFFECTS: Record<StuckAction, Act> = {
  /** Through the queues, whose order and pace hold: an endpoint that is down is only probed. */
  async retry(db, operatorId, ids) {
    const rows = await readResent(db, operatorId, ids);
    const possible = rows.filter((row) => row.refusal === null);
    const idle = possible.filter(({ owner }) => owner !== 'batch');
    await replay(db, operatorId, { cause: 'manual', replayId: null }, idsOf(idle));
    return effectOf(
      possible,
      rows.flatMap(({ refusal }) => refusal ?? []),
    );
  },

  async give_up(db, operatorId, ids) {
    const { given, endpointsToWake } = await giveUpLocked(db, operatorId, ids);
    return {
      done: given.length,
      refused: counted(Array.from({ length: ids.length - given.length }, () => 'already_given_up')),
      endpoints: unique(endpointsToWake.map(({ endpointId }) => endpointId)),
      singles: singlesOf(given),
    };
  },

  async acknowledge(db, operatorId, ids) {
    const seen = await acknowledge(db, operatorId, ids);
    const refused = counted(Array.from({ length: ids.length - seen.length }, () => 'not_given_up'));
    return { done: seen.length, refused, endpoints: unique(seen), singles: [] };
  },

  async pause(db, operatorId, endpointIds) {
    const found = await lockHealth(
      db,
      endpointIds.map((endpointId) => ({ operatorId, endpointId })),
    );
    const possible = found.filter(({ health }) => health.state !== 'disabled');
    const active = possible.filter(({ health }) => health.state === 'active');
    await writeHealth(
      db,
      active.map((endpoint) => ({ ...endpoint, health: switched(endpoint.health, 'paused') })),
    );
    const refused = [
      ...Array.from({ length: endpointIds.length - found.length }, () => 'endpoint_deleted'),
      ...Array.from({ length: found.length - possible.length }, () => 'endpoint_disabled'),
    ];
    const endpoints = active.map(({ endpointId }) => endpointId);
    return { done: possible.length, refused: counted(refused), endpoints, singles: [] };
  },
};

type Resent = {
  id: string;
  endpointId: string;
  conversionId: string;
  owner: Owner | null;
  refusal: string | null;
};

/**
 * Deliveries that are to be sent again, and why a person may not. Locks all unfinished ones about
 * the same conversions, so that none of them finishes meanwhile.
 */
async function readResent(db: Queryable, operatorId: string, ids: readonly string[]): Promise<Resent[]> {
  const { rows } = await db.query<Resent>(
    `select d.id, d.endpoint_id as "endpointId", d.original_event_id as "conversionId", d.owner,
       case when e.deleted_at is not null then 'endpoint_deleted'
         when e.state <> 'active' then 'endpoint_' || e.state
         when d.owner = 'predecessor' then 'waits_for_predecessor' end as refusal
     from deliveries d join endpoints e on e.operator_id = $1 and e.id = d.endpoint_id
     where d.operator_id = $1 and d.id = any($2) order by d.id`,
    [operatorId, ids],
  );
  await lockUnfinishedAbout(
    db,
    operatorId,
    rows.map(({ conversionId }) => conversionId),
  );
  return rows;
}

function effectOf(rows: readonly Resent[], refusals: readonly string[]): Effect {
  return {
    done: rows.length,
    refused: counted(refusals),
    endpoints: unique(rows.map(({ endpointId }) => endpointId)),
    singles: singlesOf(rows),
  };
}

const idsOf = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id);

const unique = (ids: readonly string[]): string[] => [...new Set(ids)];

const singlesOf = (rows: readonly { id: string; owner: Owner | null }[]): string[] =>
  idsOf(rows.filter(({ owner }) => owner === 'self'));

function counted(reasons: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reason of reasons) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
