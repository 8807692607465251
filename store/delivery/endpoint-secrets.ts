// Secrets of endpoints: those that sign now, and rotation with an overlap.
import { ENDPOINT_COLUMNS, endpointSecretContext, type Endpoint } from './endpoints.ts';
import { withTransaction, type Pool } from '../db/pool.ts';
import type { SecretBox } from '../db/secret-box.ts';

/** A secret in the clear, with the public half where it is a key pair. */
export type NewSecret = { secret: string; publicKey: string | null };

type Rotation = NewSecret & {
  /** How long the secrets before it sign on; 0: they are done at once. */
  overlapHours: number;
  /** How the endpoint signs from now on; the secret is of this kind. */
  signing: Endpoint['signing'];
};

export type EndpointSecrets = ReturnType<typeof createEndpointSecrets>;

/**
 * Each secret costs time and header on every postback. With more rotations the oldest secret loses
 * its overlap.
 */
const RETIRING_AT_MOST = 9;

export function createEndpointSecrets(pool: Pool, secretBox: SecretBox) {
  return {
    /**
     * The secrets that sign now, newest first, in the clear. Empty when there is no such endpoint;
     * throws when no key of ours opens one.
     */
    async live(operatorId: string, endpointId: string): Promise<string[]> {
      const { rows } = await pool.query<{ secret: Buffer }>(
        `select secret from (
           select secret, 'infinity'::timestamptz as replaced_at from endpoints
             where operator_id = $1 and id = $2
           union all
           select secret, replaced_at from retiring_secrets
             where operator_id = $1 and endpoint_id = $2 and ends_at > now()
         ) s order by replaced_at desc`,
        [operatorId, endpointId],
      );
      return rows.map(({ secret }) => secretBox.open(secret, endpointSecretContext(operatorId, endpointId)));
    },

    /**
     * Replaces an endpoint's secret. After the overlap the new one signs alone. Null when there is
     * no such endpoint.
     */
    async rotate(operatorId: string, endpointId: string, rotation: Rotation): Promise<Endpoint | null> {
      const sealed = secretBox.seal(rotation.secret, endpointSecretContext(operatorId, endpointId));
      return await withTransaction(pool, async (client) => {
        const { rowCount } = await client.query(
          `select from endpoints where operator_id = $1 and id = $2 and deleted_at is null for update`,
          [operatorId, endpointId],
        );
        if (rowCount === 0) return null;
        const overlap = [operatorId, endpointId, rotation.overlapHours];
        await client.query(
          `insert into retiring_secrets (operator_id, endpoint_id, secret, ends_at)
           select operator_id, id, secret, now() + $3 * interval '1 hour' from endpoints
             where operator_id = $1 and id = $2`,
          overlap,
        );
        await client.query(
          `update retiring_secrets set ends_at = least(ends_at, now() + $3 * interval '1 hour')
            where operator_id = $1 and endpoint_id = $2`,
          overlap,
        );
        await client.query(
          `delete from retiring_secrets where operator_id = $1 and endpoint_id = $2
            and (ends_at <= now() or replaced_at not in (
             select replaced_at from retiring_secrets where operator_id = $1 and endpoint_id = $2
             order by replaced_at desc limit $3))`,
          [operatorId, endpointId, RETIRING_AT_MOST],
        );
        const { rows } = await client.query<Endpoint>(
          `update endpoints set secret = $3, public_key = $4, signing = $5
           where operator_id = $1 and id = $2 returning ${ENDPOINT_COLUMNS}`,
          [operatorId, endpointId, sealed, rotation.publicKey, rotation.signing],
        );
        return rows[0]!;
      });
    },
  };
}
