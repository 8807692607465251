// Log of who changed what, for operators.
import { bulkColumns } from '../db/bulk.ts';
import type { Page } from '../db/page.ts';
import type { Queryable } from '../db/pool.ts';

export const AUDITED_BY = ['key', 'session', 'portal', 'administrator'] as const;

export type AuditEntry = {
  operatorId: string;
  id: string;
  at: Date;
  by: (typeof AUDITED_BY)[number];
  /** Null: the administrator. */
  keyId: string | null;
  affiliateId: string | null;
  method: string;
  /** The pattern of the path. */
  route: string;
  /** The id in the path, or of what was made. */
  subjectId: string | null;
};

export type AuditFilter = { keyId: string | null; subjectId: string | null };

export type AuditLog = ReturnType<typeof createAuditLog>;

const ENTRIES = bulkColumns<AuditEntry>({
  operator_id: ['text', ({ operatorId }) => operatorId],
  id: ['text', ({ id }) => id],
  at: ['timestamptz', ({ at }) => at],
  by: ['text', ({ by }) => by],
  key_id: ['text', ({ keyId }) => keyId],
  affiliate_id: ['text', ({ affiliateId }) => affiliateId],
  method: ['text', ({ method }) => method],
  route: ['text', ({ route }) => route],
  subject_id: ['text', ({ subjectId }) => subjectId],
});

export function createAuditLog(db: Queryable) {
  return {
    async add(entries: readonly AuditEntry[]): Promise<void> {
      await db.query(
        `insert into audit_log (${ENTRIES.names()}) select ${ENTRIES.names()} from ${ENTRIES.unnest(1, 'e')}
         on conflict do nothing`,
        ENTRIES.values(entries),
      );
    },

    /** Newest first. Null: any. */
    async list(operatorId: string, { keyId, subjectId }: AuditFilter, page: Page): Promise<AuditEntry[]> {
      const { rows } = await db.query<AuditEntry>(
        `select operator_id as "operatorId", id, at, by, key_id as "keyId", affiliate_id as "affiliateId",
           method, route, subject_id as "subjectId"
         from audit_log
         where operator_id = $1 and ($2::text is null or key_id = $2)
           and ($3::text is null or subject_id = $3) and ($4::text is null or id < $4)
         order by id desc limit $5`,
        [operatorId, keyId, subjectId, page.before, page.limit],
      );
      return rows;
    },
  };
}
