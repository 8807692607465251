// Answers about affiliates: schema and view.
import { z } from 'zod';
import type { Affiliate } from '../../store/attribution/affiliates.ts';
import * as field from '../http/answer-fields.ts';

export const affiliate = z.object({
  id: field.affiliateId,
  name: field.text,
  external_id: field.text.nullable(),
  parent_id: field.affiliateId.nullable(),
  created_at: field.time,
});

export function affiliateView({ id, name, externalId, parentId, createdAt }: Affiliate) {
  return { id, name, external_id: externalId, parent_id: parentId, created_at: createdAt };
}
