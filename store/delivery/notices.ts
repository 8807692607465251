// Plans notices to the operator in the transaction that changes what they report: to its webhooks
// as postbacks like any other, through their queues, and to its channels.
import type { HealthNotice } from '../../domain/delivery/breaker.ts';
import type { OutgoingMessage } from '../../domain/delivery/messages.ts';
import {
  endpointData,
  givenUpData,
  NOTICE_TYPES,
  type GivenUp,
  type NoticeType,
} from '../../domain/delivery/notices.ts';
import { newId } from '../db/ids.ts';
import type { Queryable } from '../db/pool.ts';
import { noteForChannels } from './channel-notices.ts';
import type { DeliveryRef } from './deliveries.ts';
import type { EndpointHealth } from './endpoint-health.ts';
import { planPostbacks, readListeners } from './outbox.ts';

/** A webhook whose queue a notice joined, and the endpoint that the notice is about. */
type Noticed = { operatorId: string; endpointId: string; about: string };

/** A notice about an endpoint, or about a delivery to it. */
type Notice = { operatorId: string; endpointId: string; message: OutgoingMessage };

/** Notifies operators of endpoints that fail or were disabled. */
export async function notifyHealth(
  db: Queryable,
  endpoints: readonly (EndpointHealth & { notices: readonly HealthNotice[] })[],
): Promise<Noticed[]> {
  const notices = endpoints.flatMap((endpoint) =>
    endpoint.notices.map((type) => noticeOf(type, endpoint, endpoint.endpointId, endpointData(endpoint))),
  );
  return planNotices(db, notices);
}

/** Notifies operators of those of these deliveries that this transaction gave up. */
export async function notifyGivenUp(db: Queryable, deliveries: readonly DeliveryRef[]): Promise<Noticed[]> {
  if (deliveries.length === 0) return [];
  const { rows } = await db.query<GivenUp & { operatorId: string }>(
    `select d.operator_id as "operatorId", d.id as "deliveryId", d.endpoint_id as "endpointId",
       d.affiliate_id as "affiliateId", d.event_id as "eventId", d.type, d.tries, d.last_error as "lastError"
     from json_to_recordset($1) as g ("operatorId" text, "deliveryId" text)
     join deliveries d on d.operator_id = g."operatorId" and d.id = g."deliveryId"
     where d.state = 'gave_up' and d.finished_at = now() and d.type <> all($2)`,
    [JSON.stringify(deliveries), NOTICE_TYPES],
  );
  return planNotices(
    db,
    rows.map((row) => noticeOf('delivery.gave_up', row, row.deliveryId, givenUpData(row))),
  );
}

function noticeOf(
  type: NoticeType,
  endpoint: { operatorId: string; endpointId: string; affiliateId: string | null },
  aboutId: string,
  data: OutgoingMessage['data'],
): Notice {
  const { operatorId, endpointId, affiliateId } = endpoint;
  const message = { type, affiliateId, aboutId, eventId: null, eventType: null, mayFollow: false, data };
  return { operatorId, endpointId, message };
}

/**
 * Plans notices for the webhooks of their operators, except for the endpoint that a notice is
 * about.
 */
async function planNotices(db: Queryable, notices: readonly Notice[]): Promise<Noticed[]> {
  const noticed: Noticed[] = [];
  for (const operatorId of new Set(notices.map((notice) => notice.operatorId))) {
    const ofOperator = notices.filter((notice) => notice.operatorId === operatorId);
    for (const type of NOTICE_TYPES) {
      const data = ofOperator.flatMap(({ message }) => (message.type === type ? [message.data] : []));
      await noteForChannels(db, operatorId, type, data);
    }
    const webhooks = await readListeners(db, operatorId, []);
    const input = { operatorId, batchId: newId('bat'), now: new Date(), owner: 'endpoint' } as const;
    for (const about of new Set(ofOperator.map(({ endpointId }) => endpointId))) {
      const others = webhooks.filter(({ id }) => id !== about);
      const messages = ofOperator.flatMap(({ endpointId, message }) =>
        endpointId === about ? [message] : [],
      );
      const { endpointsToWake } = await planPostbacks(db, input, others, messages);
      noticed.push(...endpointsToWake.map((endpointId) => ({ operatorId, endpointId, about })));
    }
  }
  return noticed;
}

/**
 * Plans a notice that is about no endpoint. Returns the webhooks to wake after the commit; it comes
 * once, so that nothing about the same thing goes before it.
 */
export async function notifyOperator(
  db: Queryable,
  operatorId: string,
  type: NoticeType,
  aboutId: string,
  data: OutgoingMessage['data'],
): Promise<string[]> {
  await noteForChannels(db, operatorId, type, [data]);
  const webhooks = await readListeners(db, operatorId, []);
  const input = { operatorId, batchId: newId('bat'), now: new Date(), owner: 'endpoint' } as const;
  const about = { affiliateId: null, aboutId, eventId: null, eventType: null, mayFollow: false };
  return (await planPostbacks(db, input, webhooks, [{ type, ...about, data }])).endpointsToWake;
}
