// API keys of operators. Only the SHA-256 of a key is stored.
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';

export type ApiKey = {
  id: string;
  name: string;
  /** Last characters of the key, for recognition. */
  hint: string;
  scopes: string[];
  /** The affiliate to whose own data it is confined; null: a key of the whole operator. */
  affiliateId: string | null;
  /** Requests per second; null: the operator's limit. */
  ratePerSecond: number | null;
  createdAt: Date;
  expiresAt: Date | null;
  /** Precise to the minute. */
  lastUsedAt: Date | null;
};

export type NewApiKey = {
  id: string;
  name: string;
  hash: Buffer;
  hint: string;
  scopes: readonly string[];
  affiliateId?: string | null;
  ratePerSecond?: number | null;
  expiresAt: Date | null;
};

export type ApiKeys = ReturnType<typeof createApiKeys>;

const COLUMNS = `id, name, key_hint as "hint", scopes, affiliate_id as "affiliateId", rate_per_second as "ratePerSecond",
  created_at as "createdAt",
  expires_at as "expiresAt", last_used_at as "lastUsedAt"`;

/** Inserts a key. Also part of the transaction that creates an operator. */
export async function insertApiKey(db: Queryable, operatorId: string, key: NewApiKey): Promise<ApiKey> {
  const { rows } = await db.query<ApiKey>(
    `insert into api_keys (operator_id, id, name, key_hash, key_hint, scopes, affiliate_id, rate_per_second, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning ${COLUMNS}`,
    [
      operatorId,
      key.id,
      key.name,
      key.hash,
      key.hint,
      key.scopes,
      key.affiliateId ?? null,
      key.ratePerSecond ?? null,
      key.expiresAt,
    ],
  );
  return rows[0]!;
}

export function createApiKeys(db: Queryable) {
  return {
    insert: (operatorId: string, key: NewApiKey): Promise<ApiKey> => insertApiKey(db, operatorId, key),

    /** Keys that are not revoked, newest first. */
    async list(operatorId: string, page: Page): Promise<ApiKey[]> {
      const { rows } = await db.query<ApiKey>(
        `select ${COLUMNS}
         from api_keys
         where operator_id = $1 and revoked_at is null and ($2::text is null or id < $2)
         order by id desc limit $3`,
        [operatorId, page.before, page.limit],
      );
      return rows;
    },

    /** Revokes a key. False when it is unknown or revoked before. */
    async revoke(operatorId: string, id: string): Promise<boolean> {
      const { rowCount } = await db.query(
        `update api_keys set revoked_at = now() where operator_id = $1 and id = $2 and revoked_at is null`,
        [operatorId, id],
      );
      return rowCount === 1;
    },

    /** Records the use of a key, at most once a minute across processes. */
    async touch(operatorId: string, id: string): Promise<void> {
      await db.query(
        `update api_keys set last_used_at = now()
         where operator_id = $1 and id = $2
           and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
        [operatorId, id],
      );
    },
  };
}
