// Answers about affiliates: schema and view.
import { z } from 'zod';
import { AFFILIATE_STATES, type Affiliate } from '../../store/attribution/affiliates.ts';
import * as field from '../http/answer-fields.ts';

export const affiliate = z.object({
  id: field.affiliateId,
  name: field.text,
  external_id: field.text.nullable(),
  email: field.text.nullable(),
  tax_id: field.text.nullable(),
  country: field.text.nullable(),
  state: z
    .enum(AFFILIATE_STATES)
    .meta({ description: 'suspended: earns, and is not paid; closed: is attributed nothing new' }),
  closed_at: field.time.nullable(),
  parent_id: field.affiliateId.nullable().meta({ description: 'the parent of now' }),
  parent_since: field.time.nullable().meta({ description: 'null: from the beginning' }),
  has_payment_details: z
    .boolean()
    .meta({ description: 'false: payout runs leave it out where they are told to' }),
  created_at: field.time,
});

export function affiliateView(row: Affiliate) {
  return {
    id: row.id,
    name: row.name,
    external_id: row.externalId,
    email: row.email,
    tax_id: row.taxId,
    country: row.country,
    state: row.state,
    closed_at: row.closedAt,
    parent_id: row.parentId,
    parent_since: row.parentSince,
    has_payment_details: row.hasPaymentDetails,
    created_at: row.createdAt,
  };
}
