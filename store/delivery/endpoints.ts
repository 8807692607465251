// Endpoints as their owners set them up. Secrets are sealed before they are stored.
import type {
  BodyFormat,
  EndpointMethod,
  EndpointState,
  SigningKind,
} from '../../domain/delivery/endpoints.ts';
import { SOUND } from '../../domain/delivery/breaker.ts';
import { comparableUrl } from '../../domain/delivery/same-url.ts';
import { lockHealth, writeHealth } from './endpoint-health.ts';
import { switchEndpoint } from './endpoint-switch.ts';
import type { Page } from '../db/page.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';
import type { SecretBox } from '../db/secret-box.ts';
import { cancelAll, hurry } from './transitions/endpoints.ts';

/** The owner's settings. The schedule is in seconds to wait before each try; the first is 0. */
export type EndpointSettings = {
  /** As its owner calls it; null: by its host alone. */
  name: string | null;
  url: string;
  method: EndpointMethod;
  body: BodyFormat;
  /** The fields of a form body, as templates by name; null: every field there is. */
  form: Record<string, string> | null;
  events: string[];
  headers: Record<string, string>;
  schedule: number[];
  maxInFlight: number;
  ratePerSecond: number | null;
  signing: SigningKind;
  shareCustomerId: boolean;
  /** The version of what its postbacks say. */
  apiVersion: string;
};

export type Endpoint = EndpointSettings & {
  id: string;
  /** Null: the operator's own webhook. */
  affiliateId: string | null;
  state: EndpointState;
  stateReason: string | null;
  failingSince: Date | null;
  failuresInARow: number;
  lastError: string | null;
  /** The number of deliveries in its queue, counted up to `COUNTED_AT_MOST`. */
  waiting: number;
  /** The public key by which its receiver verifies signatures, where it signs with a key pair. */
  publicKey: string | null;
  /** Until when secrets that were replaced sign too; null when none does. */
  overlapEndsAt: Date | null;
  createdAt: Date;
};

export type EndpointChange = { [Field in keyof EndpointSettings]?: EndpointSettings[Field] | undefined };

/**
 * An endpoint after a change. `isMoved`: it has another URL, and its workflow must look at its
 * queue; `singles` joined that queue, and their own workflows may end.
 */
type Updated = { endpoint: Endpoint; isMoved: boolean; singles: string[] };

/** An action of a person on an endpoint's state. */
export type EndpointSwitch = 'pause' | 'resume' | 'enable';

/**
 * The states from which each action is possible, its own result among them, so that repeating one
 * is no error.
 */
const SWITCHES: Record<EndpointSwitch, { from: EndpointState[]; to: EndpointState }> = {
  pause: { from: ['active', 'paused'], to: 'paused' },
  resume: { from: ['paused', 'active'], to: 'active' },
  enable: { from: ['disabled', 'active'], to: 'active' },
};

export const COUNTED_AT_MOST = 10_000;
/** Deliveries that a request cancels, in a fraction of a second. */
const CANCELLED_AT_ONCE = 1000;

export const ENDPOINT_COLUMNS = `id, affiliate_id as "affiliateId", name, url, method, body, form, events,
  headers, schedule,
  max_in_flight as "maxInFlight",
  rate_per_second::float8 as "ratePerSecond", signing, share_customer_id as "shareCustomerId",
  api_version as "apiVersion", state,
    state_reason as "stateReason",
  failing_since as "failingSince", failures_in_a_row as "failuresInARow",
  last_error as "lastError", created_at as "createdAt",
  (select count(*)::int from (
    select from deliveries d where d.operator_id = endpoints.operator_id
      and d.endpoint_id = endpoints.id and d.owner = 'endpoint' limit ${COUNTED_AT_MOST}) queued)
    as waiting, public_key as "publicKey",
  (select max(ends_at) from retiring_secrets r
    where r.operator_id = endpoints.operator_id and r.endpoint_id = endpoints.id
    and r.ends_at > now()) as "overlapEndsAt"`;

/** The column of each setting. */
const SETTING_COLUMNS: Readonly<Record<keyof EndpointSettings, string>> = {
  name: 'name',
  url: 'url',
  method: 'method',
  body: 'body',
  form: 'form',
  events: 'events',
  headers: 'headers',
  schedule: 'schedule',
  maxInFlight: 'max_in_flight',
  ratePerSecond: 'rate_per_second',
  signing: 'signing',
  shareCustomerId: 'share_customer_id',
  apiVersion: 'api_version',
};
const SETTINGS = Object.keys(SETTING_COLUMNS) as (keyof EndpointSettings)[];

/** The context for which an endpoint's secret is sealed and opened. */
export function endpointSecretContext(operatorId: string, endpointId: string): string {
  return `${operatorId} endpoint ${endpointId}`;
}

export function createEndpoints(pool: Pool, secretBox: SecretBox) {
  async function find(operatorId: string, id: string, db: Queryable = pool): Promise<Endpoint | null> {
    const { rows } = await db.query<Endpoint>(
      `select ${ENDPOINT_COLUMNS} from endpoints where operator_id = $1 and id = $2 and deleted_at is null`,
      [operatorId, id],
    );
    return rows[0] ?? null;
  }

  return {
    find,

    /** Throws where the affiliate does not exist: ask first. */
    async insert(
      operatorId: string,
      endpoint: { id: string; affiliateId: string | null; secret: string; publicKey?: string | null },
      settings: EndpointSettings,
    ) {
      const sealed = secretBox.seal(endpoint.secret, endpointSecretContext(operatorId, endpoint.id));
      const columns = SETTINGS.map((setting) => SETTING_COLUMNS[setting]);
      const { rows } = await pool.query<Endpoint>(
        `insert into endpoints (operator_id, id, affiliate_id, secret, public_key, ${columns.join(', ')})
         values ($1, $2, $3, $4, $5, ${columns.map((_, index) => `$${index + 6}`).join(', ')})
         returning ${ENDPOINT_COLUMNS}`,
        [
          operatorId,
          endpoint.id,
          endpoint.affiliateId,
          sealed,
          endpoint.publicKey ?? null,
          ...SETTINGS.map((setting) => settings[setting]),
        ],
      );
      return rows[0]!;
    },

    /**
     * Changes the settings given. Deliveries that wait already go by the new ones. With another URL
     * the endpoint is another server: its health starts anew, and what waits is due now. Null where
     * there is no such endpoint.
     */
    async update(operatorId: string, id: string, change: EndpointChange): Promise<Updated | null> {
      const given = SETTINGS.filter((setting) => change[setting] !== undefined);
      const sets = given.map((setting, index) => `${SETTING_COLUMNS[setting]} = $${index + 3}`);
      return withTransaction(pool, async (client) => {
        const [before] = await lockHealth(client, [{ operatorId, endpointId: id }]);
        if (before === undefined) return null;
        const isMoved = change.url !== undefined && change.url !== before.url;
        if (isMoved) await writeHealth(client, [{ ...before, health: { ...before.health, ...SOUND } }]);
        const singles = isMoved ? await hurry(client, operatorId, id) : [];
        if (given.length > 0)
          await client.query(`update endpoints set ${sets.join(', ')} where operator_id = $1 and id = $2`, [
            operatorId,
            id,
            ...given.map((setting) => change[setting]),
          ]);
        return { endpoint: (await find(operatorId, id, client))!, isMoved, singles };
      });
    },

    /**
     * Switches the state. Null where there is no such endpoint or its state forbids the action.
     * `singles` as in `switchEndpoint`.
     */
    async switchState(
      operatorId: string,
      id: string,
      action: EndpointSwitch,
    ): Promise<{ endpoint: Endpoint; singles: string[] } | null> {
      const { from, to } = SWITCHES[action];
      const done = await switchEndpoint(pool, operatorId, id, { to, from });
      const endpoint = done !== null && from.includes(done.was) ? await find(operatorId, id) : null;
      return endpoint === null ? null : { endpoint, singles: done!.singles };
    },

    /**
     * Other endpoints of the same affiliate whose URL leads to the same place, at most ten, oldest
     * first: among the first 1,000.
     */
    async findSameUrl(
      operatorId: string,
      { id, affiliateId, url }: Pick<Endpoint, 'id' | 'affiliateId' | 'url'>,
    ): Promise<string[]> {
      const { rows } = await pool.query<{ id: string; url: string }>(
        `select id, url from endpoints where operator_id = $1 and affiliate_id is not distinct from $2
           and id <> $3 and deleted_at is null order by id limit 1000`,
        [operatorId, affiliateId, id],
      );
      const place = comparableUrl(url);
      const others = rows.filter((other) => comparableUrl(other.url) === place);
      return others.slice(0, 10).map((other) => other.id);
    },

    /**
     * How many postbacks to an endpoint were given up, which a replay would send again: among the
     * newest `COUNTED_AT_MOST` of the operator.
     */
    async countGivenUp(operatorId: string, id: string): Promise<number> {
      const { rows } = await pool.query<{ count: number }>(
        `select count(*)::int from (
           select endpoint_id from deliveries where operator_id = $1 and state = 'gave_up'
           order by id desc limit (select ${COUNTED_AT_MOST})) newest
         where endpoint_id = $2`,
        [operatorId, id],
      );
      return rows[0]!.count;
    },

    /**
     * Deletes an endpoint and cancels its unfinished deliveries. Its workflow cancels the rest of
     * very many, and those planned at this very moment. False where there is no such endpoint.
     */
    async remove(operatorId: string, id: string): Promise<boolean> {
      const { rowCount } = await pool.query(
        `update endpoints set deleted_at = now(), state = 'disabled', state_reason = 'deleted'
         where operator_id = $1 and id = $2 and deleted_at is null`,
        [operatorId, id],
      );
      if (rowCount === 0) return false;
      await pool.query(`delete from retiring_secrets where operator_id = $1 and endpoint_id = $2`, [
        operatorId,
        id,
      ]);
      await cancelAll(pool, operatorId, id, CANCELLED_AT_ONCE);
      return true;
    },

    async list(operatorId: string, affiliateId: string | null, page: Page): Promise<Endpoint[]> {
      const { rows } = await pool.query<Endpoint>(
        `select ${ENDPOINT_COLUMNS} from endpoints
         where operator_id = $1 and deleted_at is null and ($2::text is null or affiliate_id = $2)
           and ($3::text is null or id < $3)
         order by id desc limit $4`,
        [operatorId, affiliateId, page.before, page.limit],
      );
      return rows;
    },
  };
}
