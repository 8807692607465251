// Requests of affiliates: a new one, a change, and the filter of the list.
import { z } from 'zod';
import { AFFILIATE_STATES } from '../../store/attribution/affiliates.ts';
import { externalId, id, name, search, time } from '../http/fields.ts';
import { page } from '../http/lists.ts';

const state = z.enum(AFFILIATE_STATES);

export const newAffiliate = z.strictObject({
  name,
  external_id: externalId.optional(),
  parent_id: id.optional(),
  state: state.optional(),
});

/**
 * Null clears the field. The parent changes at `parent_since`, past or future, and by default now.
 */
export const affiliateChange = z
  .strictObject({
    name: name.optional(),
    external_id: externalId.nullable().optional(),
    parent_id: id.nullable().optional(),
    parent_since: time.optional(),
    state: state.optional(),
  })
  .refine((change) => change.parent_since === undefined || change.parent_id !== undefined, {
    params: { code: 'not_applicable' },
    error: 'goes with parent_id',
    path: ['parent_since'],
  });

export const affiliateFilter = z.strictObject({
  ...page,
  state: state.optional(),
  q: search.optional().meta({ description: 'a part of `name` or `external_id`, in any case' }),
});
