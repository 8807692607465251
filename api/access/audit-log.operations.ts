// The audit log as a resource: its route, and its operation for the OpenAPI document.
import type { Router } from 'express';
import { z } from 'zod';
import { AUDITED_BY, type ListedAuditEntry } from '../../store/access/audit-log.ts';
import type { Store } from '../../store/index.ts';
import * as field from '../http/answer-fields.ts';
import type { Auth } from '../http/auth.ts';
import { externalId, id } from '../http/fields.ts';
import { listOf, page } from '../http/lists.ts';
import { listAnswer } from '../http/operation.ts';
import { addPath } from '../http/path.ts';
import { defineResource } from '../http/resource.ts';

const filter = z.strictObject({
  ...page,
  by: z.enum(AUDITED_BY).optional(),
  key_id: id.optional(),
  resource: z
    .string()
    .regex(/^[a-z-]{1,40}$/, 'must be a part of a path, such as affiliates')
    .optional(),
  subject_id: externalId.optional().meta({ description: 'what was changed' }),
});

const entry = z.object({
  id: field.idOf('adt'),
  at: field.time,
  by: z.enum(AUDITED_BY).meta({
    description: 'a program with its key, a session of the console, the portal, the administrator',
  }),
  key_id: field.idOf('key').nullable().meta({
    description: 'of a session or a link to the portal the key that made it; null: the administrator',
  }),
  key_name: field.text.nullable().meta({ description: 'the name of that key, also once it is revoked' }),
  affiliate_id: field.affiliateId.nullable().meta({ description: 'the affiliate that did it' }),
  method: field.text,
  route: field.text.meta({ examples: ['/v1/endpoints/:id/pause'] }),
  subject_id: field.text.nullable().meta({ description: 'the id in the path, or of what was made' }),
});

function entryView(row: ListedAuditEntry) {
  return {
    id: row.id,
    at: row.at,
    by: row.by,
    key_id: row.keyId,
    key_name: row.keyName,
    affiliate_id: row.affiliateId,
    method: row.method,
    route: row.route,
    subject_id: row.subjectId,
  };
}

function filterOf({ by, key_id: keyId, resource, subject_id: subjectId }: z.infer<typeof filter>) {
  return {
    by: by ?? null,
    keyId: keyId ?? null,
    resource: resource ?? null,
    subjectId: subjectId ?? null,
  };
}

function addAuditLogRoutes(router: Router, { store, auth }: { store: Pick<Store, 'auditLog'>; auth: Auth }) {
  addPath(router, '/v1/audit-log', {
    get: [
      auth.scope('manage'),
      listOf(
        filter,
        (operatorId, rows, query) => store.auditLog.list(operatorId, filterOf(query), rows),
        entryView,
        entry,
      ),
    ],
  });
}

export const auditLogResource = defineResource({
  tag: 'Setup',
  addRoutes: addAuditLogRoutes,
  operations: {
    'GET /v1/audit-log': {
      id: 'listAuditLog',
      summary: 'Who changed what',
      description:
        'Requests that changed something and were done, except events and clicks that were sent; nothing of their ' +
        'bodies. Written within a second or two, and kept for 24 months.',
      who: 'manage',
      query: filter,
      answers: { 200: listAnswer(entry) },
    },
  },
});
