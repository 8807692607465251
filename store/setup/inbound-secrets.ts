// Secrets that operators sign their requests with, encrypted at rest. A replaced secret stays valid
// for a grace period.
import { withTransaction, type Pool } from '../db/pool.ts';
import type { SecretBox } from '../db/secret-box.ts';

export type InboundSecrets = ReturnType<typeof createInboundSecrets>;

export function createInboundSecrets(pool: Pool, secretBox: SecretBox) {
  return {
    /**
     * Makes `secret` the current one. Earlier secrets expire after `graceHours`, or earlier when an
     * earlier change said so.
     */
    async replace(
      operatorId: string,
      { id, secret }: { id: string; secret: string },
      graceHours: number,
    ): Promise<void> {
      await withTransaction(pool, async (client) => {
        await client.query(`select from operators where id = $1 for no key update`, [operatorId]);
        await client.query(`delete from inbound_secrets where operator_id = $1 and valid_until < now()`, [
          operatorId,
        ]);
        await client.query(
          `update inbound_secrets set valid_until = least(valid_until, now() + make_interval(hours => $2))
           where operator_id = $1`,
          [operatorId, graceHours],
        );
        await client.query(`insert into inbound_secrets (operator_id, id, secret) values ($1, $2, $3)`, [
          operatorId,
          id,
          secretBox.seal(secret, inboundSecretContext(operatorId, id)),
        ]);
      });
    },

    /** Records a valid signature, at most once a minute across processes. */
    async touch(operatorId: string): Promise<void> {
      await pool.query(
        `update operators set last_signed_at = now()
         where id = $1 and (last_signed_at is null or last_signed_at < now() - interval '1 minute')`,
        [operatorId],
      );
    },

    /** Secrets that are valid now, newest first. */
    async listValid(operatorId: string): Promise<string[]> {
      const { rows } = await pool.query<{ id: string; secret: Buffer }>(
        `select id, secret
         from inbound_secrets
         where operator_id = $1 and (valid_until is null or valid_until > now())
         order by id desc`,
        [operatorId],
      );
      return rows.map(({ id, secret }) => secretBox.open(secret, inboundSecretContext(operatorId, id)));
    },
  };
}

/** Context that binds a sealed inbound secret to its row. */
export function inboundSecretContext(operatorId: string, id: string): string {
  return `${operatorId} inbound ${id}`;
}
