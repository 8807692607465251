// Health of endpoints: read under a lock and written back. Its rules are in
// domain/delivery/breaker.ts.
import type { Health } from '../../domain/delivery/breaker.ts';
import type { Queryable } from '../db/pool.ts';

/** The health of one endpoint. */
export type EndpointHealth = {
  operatorId: string;
  endpointId: string;
  affiliateId: string | null;
  url: string;
  health: Health;
};

type Row = {
  operatorId: string;
  endpointId: string;
  affiliateId: string | null;
  url: string;
  state: Health['state'];
  stateReason: string | null;
} & {
  failuresInARow: number;
  failingSince: Date | null;
  failedAbout: string[];
  lastError: string | null;
  noticesSent: number;
};

/**
 * Locks these endpoints until the transaction ends, in the order of their ids; deleted ones are
 * left out.
 */
export async function lockHealth(
  db: Queryable,
  endpoints: readonly { operatorId: string; endpointId: string }[],
): Promise<EndpointHealth[]> {
  const { rows } = await db.query<Row>(
    `select e.operator_id as "operatorId", e.id as "endpointId", e.affiliate_id as "affiliateId",
      e.url, e.state, e.state_reason as "stateReason",
       e.failures_in_a_row as "failuresInARow", e.failing_since as "failingSince",
       e.failed_about as "failedAbout", e.last_error as "lastError", e.notices_sent as "noticesSent"
     from json_to_recordset($1) as n ("operatorId" text, "endpointId" text)
     join endpoints e on e.operator_id = n."operatorId" and e.id = n."endpointId" and e.deleted_at is null
     order by e.id for no key update of e`,
    [JSON.stringify(endpoints)],
  );
  return rows.map(({ operatorId, endpointId, affiliateId, url, failingSince, ...health }) => {
    return {
      operatorId,
      endpointId,
      affiliateId,
      url,
      health: { ...health, failingSince: failingSince?.getTime() ?? null },
    };
  });
}

export async function writeHealth(
  db: Queryable,
  endpoints: readonly Pick<EndpointHealth, 'operatorId' | 'endpointId' | 'health'>[],
): Promise<void> {
  await db.query(
    `update endpoints e set state = h.state, state_reason = h."stateReason",
      failures_in_a_row = h."failuresInARow",
       failing_since = h."failingSince", failed_about = h."failedAbout", last_error = h."lastError",
       notices_sent = h."noticesSent"
     from json_to_recordset($1) as h ("operatorId" text, "endpointId" text, state text,
       "stateReason" text, "failuresInARow" int,
       "failingSince" timestamptz, "failedAbout" text[], "lastError" text, "noticesSent" int)
     where e.operator_id = h."operatorId" and e.id = h."endpointId"`,
    [
      JSON.stringify(
        endpoints.map(({ operatorId, endpointId, health }) => {
          const failingSince = health.failingSince === null ? null : new Date(health.failingSince);
          return { operatorId, endpointId, ...health, failingSince };
        }),
      ),
    ],
  );
}
