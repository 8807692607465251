// Answers about inbound secrets, refused requests and egress addresses: schemas and view.
import { z } from 'zod';
import type { Refusal } from '../../store/intake/refusals.ts';
import * as field from '../http/answer-fields.ts';

export const inboundSecret = z.object({
  id: field.idOf('sec'),
  secret: field.text.meta({ description: 'shown this once' }),
});

const counted = { count: field.count };

export const refusal = z.object({
  id: field.text,
  refused_at: field.time,
  reason: field.text,
  issue: z.object({ path: field.text.nullable(), code: field.text }).nullable(),
  address: field.text,
  method: field.text,
  path: field.text,
  request_id: field.text,
  api_key_id: field.text,
});

export const refusalCounts = z.object({
  from: field.time.meta({ description: 'from when on they are counted: later where there are very many' }),
  to: field.time,
  total: field.count,
  by_reason: z.array(z.object({ reason: field.text, ...counted })),
  by_address: z.array(z.object({ address: field.text, ...counted })),
});

export const egress = z.object({ addresses: z.array(field.text) });

export function refusalView(row: Refusal) {
  return {
    id: row.id,
    refused_at: row.refusedAt,
    reason: row.reason,
    issue: row.issueCode === null ? null : { path: row.issuePath, code: row.issueCode },
    address: row.address,
    method: row.method,
    path: row.path,
    request_id: row.requestId,
    api_key_id: row.keyId,
  };
}
