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

/** An entry with the name of its key, of a revoked one too. */
export type ListedAuditEntry = AuditEntry & { keyName: string | null };

/** Null: any. `resource`: the first part of the path below `/v1`, such as `affiliates`. */
export type AuditFilter = {
  by: AuditEntry['by'] | null;
  keyId: string | null;
  resource: string | null;
  subjectId: string | null;
};

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

    /** Newest first. */
    async list(operatorId: string, filter: AuditFilter, page: Page): Promise<ListedAuditEntry[]> {
      const { rows } = await db.query<ListedAuditEntry>(
        `select l.operator_id as "operatorId", l.id, l.at, l.by, l.key_id as "keyId", k.name as "keyName",
           l.affiliate_id as "affiliateId", l.method, l.route, l.subject_id as "subjectId"
         from audit_log l left join api_keys k on k.operator_id = l.operator_id and k.id = l.key_id
         where l.operator_id = $1 and ($2::text is null or l.by = $2)
           and ($3::text is null or l.key_id = $3)
           and ($4::text is null or split_part(l.route, '/', 3) = $4)
           and ($5::text is null or l.subject_id = $5) and ($6::text is null or l.id < $6)
         order by l.id desc limit $7`,
        [operatorId, filter.by, filter.keyId, filter.resource, filter.subjectId, page.before, page.limit],
      );
      return rows;
    },
  };
}
