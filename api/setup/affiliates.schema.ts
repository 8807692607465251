// Requests of affiliates: a new one, and a change.
import { z } from 'zod';
import { externalId, id, name } from '../http/fields.ts';

export const newAffiliate = z.strictObject({
  name,
  external_id: externalId.optional(),
  parent_id: id.optional(),
});

/** Null clears the field. */
export const affiliateChange = z.strictObject({
  name: name.optional(),
  external_id: externalId.nullable().optional(),
  parent_id: id.nullable().optional(),
});
