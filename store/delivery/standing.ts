// How a single delivery or an endpoint stands, for people: names, host, amounts that were not told,
// and since when.
import { postbackText, receiverText, type Receiver, type Sum } from '../../domain/delivery/labels.ts';
import type { Queryable } from '../db/pool.ts';

/** An attempt in few words. */
export type ToldAttempt = {
  number: number;
  cause: string;
  statusCode: number | null;
  errorClass: string | null;
  durationMs: number;
  /** Why the next one was due when it was. */
  nextReason: string | null;
};

export type DeliveryStanding = Receiver & {
  type: string;
  createdAt: Date;
  /** Null where the body reports no amount. */
  reported: Sum | null;
  /** The newest attempts, the first one first. */
  attempts: ToldAttempt[];
};

/** `since`: when the oldest was planned; null where nothing waits and nothing was given up. */
export type EndpointStanding = Receiver & {
  affiliateId: string | null;
  stateReason: string | null;
  held: number;
  gaveUp: number;
  since: Date | null;
  notTold: Sum[];
};

const RECEIVER = `e.url, e.name as "endpointName", a.name as "affiliateName"`;
const ATTEMPTS_AT_MOST = 50;

type SumColumns = { currency: string | null; minor: string | null; exponent: number | null };

const sumOf = ({ currency, minor, exponent }: SumColumns): Sum | null =>
  currency === null || minor === null ? null : { currency, minor: BigInt(minor), exponent };

/** Null when there is no such delivery. */
export async function readDeliveryStanding(
  db: Queryable,
  operatorId: string,
  deliveryId: string,
): Promise<DeliveryStanding | null> {
  const row = await readPostback(db, operatorId, deliveryId);
  if (row === null) return null;
  const { rows: newestFirst } = await db.query<ToldAttempt>(
    `select number, cause, status_code as "statusCode", error_class as "errorClass",
       duration_ms as "durationMs", next_reason as "nextReason"
     from attempts where operator_id = $1 and delivery_id = $2 order by id desc limit $3`,
    [operatorId, deliveryId, ATTEMPTS_AT_MOST],
  );
  return { ...row, attempts: newestFirst.toReversed() };
}

async function readPostback(
  db: Queryable,
  operatorId: string,
  deliveryId: string,
): Promise<Omit<DeliveryStanding, 'attempts'> | null> {
  const { rows } = await db.query<Omit<DeliveryStanding, 'reported' | 'attempts'> & SumColumns>(
    `select d.type, d.created_at as "createdAt", ${RECEIVER}, d.payout_currency as currency,
       d.payout_delta_minor as minor, c.exponent
     from deliveries d
     join endpoints e on e.operator_id = d.operator_id and e.id = d.endpoint_id
     left join affiliates a on a.operator_id = d.operator_id and a.id = d.affiliate_id
     left join currencies c on c.code = d.payout_currency
     where d.operator_id = $1 and d.id = $2`,
    [operatorId, deliveryId],
  );
  if (rows[0] === undefined) return null;
  const { currency, minor, exponent, ...row } = rows[0];
  return { ...row, reported: sumOf({ currency, minor, exponent }) };
}

/**
 * What waits in an endpoint's queue and what was given up and not acknowledged. Reads all of it, so
 * only for people, and not often. Null when there is no such endpoint.
 */
export async function readEndpointStanding(
  db: Queryable,
  operatorId: string,
  endpointId: string,
): Promise<EndpointStanding | null> {
  const receiver = await readReceiver(db, operatorId, endpointId);
  if (receiver === null) return null;
  const { rows: parts } = await db.query<
    SumColumns & { isHeld: boolean; count: number; since: Date; minor: string | null }
  >(
    `select "isHeld", currency, count(*)::int as count, sum(minor) as minor, min(created_at) as since,
       (select c.exponent from currencies c where c.code = currency) as exponent
     from (
       select true as "isHeld", payout_currency as currency, payout_delta_minor as minor, created_at
       from deliveries where operator_id = $1 and endpoint_id = $2 and owner = 'endpoint'
       union all
       select false, payout_currency, payout_delta_minor, created_at
       from deliveries
       where operator_id = $1 and endpoint_id = $2 and state = 'gave_up' and acknowledged_at is null
     ) untold
     group by "isHeld", currency`,
    [operatorId, endpointId],
  );
  const count = (isHeld: boolean): number =>
    parts.reduce((sum, part) => sum + (part.isHeld === isHeld ? part.count : 0), 0);
  const times = parts.map(({ since }) => since.getTime());
  return {
    ...receiver,
    held: count(true),
    gaveUp: count(false),
    since: times.length === 0 ? null : new Date(Math.min(...times)),
    notTold: added(parts),
  };
}

type KnownReceiver = Receiver & { affiliateId: string | null; stateReason: string | null };

async function readReceiver(
  db: Queryable,
  operatorId: string,
  endpointId: string,
): Promise<KnownReceiver | null> {
  const { rows } = await db.query<KnownReceiver>(
    `select e.affiliate_id as "affiliateId", e.state_reason as "stateReason", ${RECEIVER}
     from endpoints e left join affiliates a on a.operator_id = e.operator_id and a.id = e.affiliate_id
     where e.operator_id = $1 and e.id = $2`,
    [operatorId, endpointId],
  );
  return rows[0] ?? null;
}

/** Reads what the workflows of deliveries and endpoints are about, in the words of people. */
export function createSummaries(db: Queryable) {
  return {
    async delivery(operatorId: string, deliveryId: string): Promise<string | null> {
      const postback = await readPostback(db, operatorId, deliveryId);
      return postback && postbackText(postback.type, postback.reported, postback);
    },
    async endpoint(operatorId: string, endpointId: string): Promise<string | null> {
      const receiver = await readReceiver(db, operatorId, endpointId);
      return receiver && receiverText(receiver);
    },
  };
}

/** Sums by currency, in the order of their codes; those that come to nothing are left out. */
function added(parts: readonly SumColumns[]): Sum[] {
  const sums = new Map<string, Sum>();
  for (const sum of parts.flatMap((part) => sumOf(part) ?? [])) {
    const before = sums.get(sum.currency);
    sums.set(sum.currency, { ...sum, minor: sum.minor + (before?.minor ?? 0n) });
  }
  return [...sums.values()]
    .filter(({ minor }) => minor !== 0n)
    .toSorted((a, b) => (a.currency < b.currency ? -1 : 1));
}
