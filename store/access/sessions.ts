// Sessions of the console and the portal, and links to the portal. Only a hash of their token is
// stored.
import type { Queryable } from '../db/pool.ts';

/** Null `operatorId` and `keyId`: the administrator. With an affiliate: the portal. */
export type NewSession = {
  tokenHash: Buffer;
  operatorId: string | null;
  keyId: string | null;
  affiliateId: string | null;
  scopes: readonly string[];
  expiresAt: Date;
};

export type Sessions = ReturnType<typeof createSessions>;

export function createSessions(db: Queryable) {
  return {
    /** Returns when it ends: no later than its key. */
    async insert(session: NewSession): Promise<Date> {
      const { tokenHash, operatorId, keyId, affiliateId, scopes, expiresAt } = session;
      const { rows } = await db.query<{ expiresAt: Date }>(
        `insert into sessions (token_hash, operator_id, key_id, affiliate_id, scopes, expires_at)
         values ($1, $2, $3, $4, $5,
           least($6, (select expires_at from api_keys where operator_id = $2 and id = $3)))
         returning expires_at as "expiresAt"`,
        [tokenHash, operatorId, keyId, affiliateId, scopes, expiresAt],
      );
      return rows[0]!.expiresAt;
    },

    /** End of an administrator's session; null when there is none, or it has ended. */
    async findAdministrator(tokenHash: Buffer): Promise<{ expiresAt: Date } | null> {
      const { rows } = await db.query<{ expiresAt: Date }>(
        `select expires_at as "expiresAt" from sessions
         where token_hash = $1 and operator_id is null and expires_at > now()`,
        [tokenHash],
      );
      return rows[0] ?? null;
    },

    async end(tokenHash: Buffer): Promise<void> {
      await db.query('delete from sessions where token_hash = $1', [tokenHash]);
    },
  };
}
