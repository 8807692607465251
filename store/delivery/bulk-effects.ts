// Effects of bulk actions on a page of deliveries, which a step has locked, or of endpoints.
import { switched } from '../../domain/delivery/breaker.ts';
import type { Owner } from '../../domain/delivery/deliveries.ts';
import { judgeRetry } from '../../domain/delivery/refusals.ts';
import type { StuckAction } from '../../domain/delivery/stuck.ts';
import type { Queryable } from '../db/pool.ts';
import { lockHealth, writeHealth } from './endpoint-health.ts';
import { giveUpLocked } from './manual-actions.ts';
import { lockRetryable } from './retryable.ts';
import { acknowledge } from './transitions/actions.ts';
import { replay } from './transitions/replays.ts';

/**
 * `joined`: an attempt is under way already, which does what was wanted. `endpoints` and `singles`:
 * whose workflows must hear of it.
 */
export type Effect = {
  done: number;
  joined: number;
  refused: Record<string, number>;
  endpoints: string[];
  singles: string[];
};

export const NO_EFFECT: Effect = { done: 0, joined: 0, refused: {}, endpoints: [], singles: [] };

type Act = (db: Queryable, operatorId: string, ids: readonly string[]) => Promise<Effect>;

export const EFFECTS: Record<StuckAction, Act> = {
  /**
   * Through the queues, whose order and pace hold: an endpoint that is down is only probed, and
   * what was given up waits there for those before it.
   */
  async retry(db, operatorId, ids) {
    const judged = (await lockRetryable(db, operatorId, ids)).map((row) => {
      const waitsFor = row.owner === null ? null : row.waitsFor;
      return { ...row, verdict: judgeRetry({ ...row, waitsFor }) };
    });
    const possible = judged.filter(({ verdict }) => verdict === 'possible');
    await replay(
      db,
      operatorId,
      { cause: 'manual', replayId: null },
      possible.map(({ id }) => id),
    );
    return {
      done: possible.length,
      joined: judged.filter(({ verdict }) => verdict === 'under_way').length,
      refused: counted(judged.flatMap(({ verdict }) => (typeof verdict === 'string' ? [] : verdict.refusal))),
      endpoints: unique(possible.map(({ endpointId }) => endpointId)),
      singles: singlesOf(possible),
    };
  },

  async give_up(db, operatorId, ids) {
    const { given, endpointsToWake } = await giveUpLocked(db, operatorId, ids);
    return {
      done: given.length,
      joined: 0,
      refused: counted(Array.from({ length: ids.length - given.length }, () => 'already_given_up')),
      endpoints: unique(endpointsToWake.map(({ endpointId }) => endpointId)),
      singles: singlesOf(given),
    };
  },

  async acknowledge(db, operatorId, ids) {
    const seen = await acknowledge(db, operatorId, ids);
    const refused = counted(Array.from({ length: ids.length - seen.length }, () => 'not_given_up'));
    return { done: seen.length, joined: 0, refused, endpoints: unique(seen), singles: [] };
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
    return { done: possible.length, joined: 0, refused: counted(refused), endpoints, singles: [] };
  },
};

const unique = (ids: readonly string[]): string[] => [...new Set(ids)];

const singlesOf = (rows: readonly { id: string; owner: Owner | null }[]): string[] =>
  rows.filter(({ owner }) => owner === 'self').map(({ id }) => id);

function counted(reasons: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reason of reasons) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
