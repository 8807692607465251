// Notices to an operator's own webhooks: postbacks like any other, planned in the transaction that knows of the trouble.
import type { KeptHealth } from './endpoint-health.ts';
import type { Condition, HealthNotice } from '../../domain/delivery/breaker.ts';
import {
  endpointData,
  givenUpData,
  noticeBody,
  NOTICE_TYPES,
  type GivenUp,
  type NoticeType,
} from '../../domain/delivery/notices.ts';
import { newId } from '../db/ids.ts';
import { conditionSql } from './endpoint-condition.ts';
import { insertDeliveries, type PlannedDelivery } from './outbox.ts';
import type { Queryable } from '../db/pool.ts';

/** A queue that a notice joined, and the endpoint the notice is about. */
export type Noticed = { operatorId: string; endpointId: string; about: string };

type Notice = {
  operatorId: string;
  type: NoticeType;
  endpointId: string;
  affiliateId: string | null;
  aboutId: string;
  data: object;
};
type Webhook = { operatorId: string; id: string; events: string[]; condition: Condition };

/** Tells of endpoints that fail or were disabled. */
export async function tellHealth(
  db: Queryable,
  endpoints: readonly (KeptHealth & { notices: readonly HealthNotice[] })[],
): Promise<Noticed[]> {
  const notices = endpoints.flatMap((endpoint) => {
    const { operatorId, endpointId, affiliateId } = endpoint;
    return endpoint.notices.map((type): Notice => {
      return { operatorId, type, endpointId, affiliateId, aboutId: endpointId, data: endpointData(endpoint) };
    });
  });
  return insertNotices(db, notices);
}

/** Tells of those of these postbacks that this transaction gave up. */
export async function tellGivenUp(
  db: Queryable,
  deliveries: readonly { operatorId: string; deliveryId: string }[],
): Promise<Noticed[]> {
  if (deliveries.length === 0) return [];
  const { rows } = await db.query<GivenUp & { operatorId: string }>(
    `select d.operator_id as "operatorId", d.id as "deliveryId", d.endpoint_id as "endpointId", d.affiliate_id as "affiliateId",
       d.event_id as "eventId", d.type, d.tries, d.last_error as "lastError"
     from json_to_recordset($1) as g ("operatorId" text, "deliveryId" text)
     join deliveries d on d.operator_id = g."operatorId" and d.id = g."deliveryId"
     where d.state = 'gave_up' and d.finished_at = now() and d.type <> all($2)`,
    [JSON.stringify(deliveries), NOTICE_TYPES],
  );
  const notices = rows.map((row): Notice => {
    const { operatorId, endpointId, affiliateId, deliveryId } = row;
    return {
      operatorId,
      type: 'delivery.gave_up',
      endpointId,
      affiliateId,
      aboutId: deliveryId,
      data: givenUpData(row),
    };
  });
  return insertNotices(db, notices);
}

/** Plans each notice for every webhook of its operator that listens, except for the one it is about, which would not hear it. */
async function insertNotices(db: Queryable, notices: readonly Notice[]): Promise<Noticed[]> {
  if (notices.length === 0) return [];
  const operatorIds = [...new Set(notices.map(({ operatorId }) => operatorId))];
  const { rows: webhooks } = await db.query<Webhook>(
    `select operator_id as "operatorId", id, events, ${conditionSql('endpoints')} as condition
     from endpoints where operator_id = any($1) and affiliate_id is null and deleted_at is null`,
    [operatorIds],
  );
  const noticed: Noticed[] = [];
  for (const operatorId of operatorIds) {
    const planned: PlannedDelivery[] = [];
    for (const notice of notices) {
      if (notice.operatorId !== operatorId) continue;
      for (const webhook of webhooks) {
        if (
          webhook.operatorId !== operatorId ||
          webhook.id === notice.endpointId ||
          !hears(webhook, notice.type)
        )
          continue;
        planned.push(plannedFor(webhook, notice));
        noticed.push({ operatorId, endpointId: webhook.id, about: notice.endpointId });
      }
    }
    await insertDeliveries(db, operatorId, newId('bat'), planned);
  }
  return noticed;
}

function hears({ events }: Webhook, type: NoticeType): boolean {
  return events.includes('*') || events.includes(type);
}

function plannedFor(webhook: Webhook, { type, affiliateId, aboutId, data }: Notice): PlannedDelivery {
  return {
    id: newId('dlv'),
    endpointId: webhook.id,
    affiliateId,
    eventId: null,
    conversionId: aboutId,
    type,
    body: noticeBody(type, data, new Date()),
    state: webhook.condition === 'up' ? 'pending' : 'held',
    owner: 'endpoint',
    predecessorId: null,
  };
}
