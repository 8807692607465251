// Operator over HTTP whose events settle at once: calls of its engineer, decisions applied as the
// workers would, and what affiliates earn and hear.
import assert from 'node:assert/strict';
import { createMatchOrphans } from '../../activities/settlement/match-orphans.ts';
import { createSettle } from '../../activities/settlement/settle.ts';
import type { TestApi } from './api.ts';
import { applyChanges, createSettling } from './settling.ts';

export type Body = Record<string, unknown> & { id: string };
export type Failure = { error: { code: string; message: string; issues?: { path: string; code: string }[] } };

export type SettledBroker = Awaited<ReturnType<typeof withSettledBroker>>;

const DAY_MS = 86_400_000;

/** A moment so many days ago, as RFC 3339; negative: ahead. */
export const ago = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

/** A moment of the month before this one, in UTC: `05T12:00` is noon of its fifth day. */
export function lastMonth(dayAndTime: string): string {
  const now = new Date();
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1)).toISOString().slice(0, 8);
  return new Date(`${month}${dayAndTime}Z`).toISOString();
}

/** An operator with a default deal of these terms, held for no time. */
export async function withSettledBroker(api: TestApi, terms: object) {
  const { id: operatorId, key } = await api.newOperator();
  const { pool } = api;
  const call = <Made = Body>(request: string, body?: object) =>
    api.call<Made>(request, { key, ...(body && { body }) });
  const made = async <Made = Body>(request: string, body: object): Promise<Made> => {
    const answer = await call<Made>(request, body);
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    return answer.body;
  };
  await made('POST /v1/deals', { name: 'Standard', terms: { hold_days: 0, ...terms } });
  await made('PATCH /v1/operator', { click_window_days: 365 });
  const settle = createSettling(pool);
  const { matchOrphans } = createMatchOrphans({
    pool,
    ...createSettle({ pool }),
    handOver: () => Promise.resolve({ workflows: 0 }),
  });
  const apply = () => applyChanges(pool, operatorId);
  const rematch = async () => (await matchOrphans({ operatorId, after: null })).settled;
  return {
    operatorId,
    key,
    call,
    made,
    apply,
    /** Settles orphans whose evidence came; returns how many. */
    rematch,
    /** An affiliate with an endpoint that hears everything. */
    affiliate: async (more: object = {}): Promise<string> => {
      const { id } = await made('POST /v1/affiliates', { name: 'Media', ...more });
      await made('POST /v1/endpoints', { affiliate_id: id, url: 'http://127.0.0.1:9/' });
      return id;
    },
    click: async (affiliateId: string, clickedAt: string): Promise<string> => {
      const click = { affiliate_id: affiliateId, clicked_at: clickedAt };
      return String((await made('POST /v1/clicks', click))['click_id']);
    },
    /** Sends an event and settles it as a batch of its own; returns its id. */
    send: async (event: object): Promise<string> => {
      const { id } = await made('POST /v1/events', { currency: 'USD', ...event });
      await settle(operatorId, [id]);
      return id;
    },
    /** Takes a decision about an event, such as `void`, and applies it. */
    decide: async (eventId: string, decision: string): Promise<void> => {
      await made(`POST /v1/events/${eventId}/${decision}`, { reason: 'a test' });
      await apply();
    },
    reassign: async (customerId: string, affiliateId: string, from: string): Promise<void> => {
      const body = { affiliate_id: affiliateId, from, reason: 'a test' };
      await made(`POST /v1/customers/${customerId}/reassign`, body);
      await apply();
      await rematch();
    },
    /** Changes an affiliate, and rates again what that changes. */
    change: async (affiliateId: string, body: object): Promise<void> => {
      await made(`PATCH /v1/affiliates/${affiliateId}`, body);
      await apply();
      await rematch();
    },
    /** What affiliates have earned and not lost, in USD. */
    earned: (...affiliateIds: string[]): Promise<string[]> =>
      Promise.all(
        affiliateIds.map(async (id) => {
          const answer = await call<{ balances: { pending: string }[] }>(`GET /v1/affiliates/${id}/balance`);
          return answer.body.balances[0]?.pending ?? '0.00';
        }),
      ),
    /** Status and reason of an event, as its trace shows them. */
    outcome: async (eventId: string): Promise<string> => {
      const { status, reason } = (await call(`GET /v1/events/${eventId}`)).body;
      return [status, reason].filter(Boolean).join(' ');
    },
    orphans: async () => (await call<{ counts: Record<string, number> }>('GET /v1/orphans')).body.counts,
    /** Messages to an affiliate about a conversion: type, reason, change and sum so far. */
    heard: async (affiliateId: string, conversionId: string): Promise<string[]> => {
      const { rows } = await pool.query<{ line: string }>(
        `select concat_ws(' ', replace(d.type, 'conversion.', ''), d.body::json->'data'->>'reason',
           d.body::json->'data'->>'payout_delta', d.body::json->'data'->>'payout') as line
         from deliveries d join endpoints e on e.operator_id = d.operator_id and e.id = d.endpoint_id
         where d.operator_id = $1 and e.affiliate_id = $2 and d.original_event_id = $3 order by d.id`,
        [operatorId, affiliateId, conversionId],
      );
      return rows.map(({ line }) => line);
    },
  };
}
