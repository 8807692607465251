// The keys operators call with. Only the SHA-256 of a key is kept.
import type { Page } from './page.ts';
import type { Queryable } from './pool.ts';

export type ApiKey = {
  id: string;
  name: string;
  /** The end of the key, to tell one from another. */
  hint: string;
  scopes: string[];
  createdAt: Date;
  expiresAt: Date | null;
};

export type NewApiKey = {
  id: string;
  name: string;
  hash: Buffer;
  hint: string;
  scopes: readonly string[];
  expiresAt: Date | null;
};

export type ApiKeys = ReturnType<typeof createApiKeys>;

const COLUMNS = `id, name, key_hint as "hint", scopes, created_at as "createdAt", expires_at as "expiresAt"`;

/** Also used where an operator is made, inside its transaction. */
export async function insertApiKey(db: Queryable, operatorId: string, key: NewApiKey): Promise<ApiKey> {
  const { rows } = await db.query<ApiKey>(
    `insert into api_keys (operator_id, id, name, key_hash, key_hint, scopes, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
    [operatorId, key.id, key.name, key.hash, key.hint, key.scopes, key.expiresAt],
  );
  return rows[0]!;
}

export function createApiKeys(db: Queryable) {
  return {
    insert: (operatorId: string, key: NewApiKey): Promise<ApiKey> => insertApiKey(db, operatorId, key),

    /** The keys that were not revoked, newest first. */
    async list(operatorId: string, page: Page): Promise<ApiKey[]> {
      const { rows } = await db.query<ApiKey>(
        `select ${COLUMNS} from api_keys where operator_id = $1 and revoked_at is null and ($2::text is null or id < $2)
         order by id desc limit $3`,
        [operatorId, page.before, page.limit],
      );
      return rows;
    },

    /** False when there is no such key, or it was revoked before. */
    async revoke(operatorId: string, id: string): Promise<boolean> {
      const { rowCount } = await db.query(
        `update api_keys set revoked_at = now() where operator_id = $1 and id = $2 and revoked_at is null`,
        [operatorId, id],
      );
      return rowCount === 1;
    },
  };
}
