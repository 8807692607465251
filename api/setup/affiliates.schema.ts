// Requests of affiliates: a new one, a change, and the filter of the list.
import { z } from 'zod';
import { AFFILIATE_STATES } from '../../store/attribution/affiliates.ts';
import { externalId, ID, id, name, search, text, time } from '../http/fields.ts';
import { LIMIT_AT_MOST, page } from '../http/lists.ts';

const state = z.enum(AFFILIATE_STATES);

const email = z.email('must be an e-mail address').max(254);
const taxId = text(64);
const country = z
  .string()
  .regex(/^[A-Za-z]{2}$/, 'must be a country as two letters, such as DE')
  .toUpperCase();

const ANY_ID = ID.source.slice(1, -1);
const IDS = new RegExp(`^${ANY_ID}(,${ANY_ID}){0,${LIMIT_AT_MOST - 1}}$`);

const SINCE_OF_PARENT = {
  params: { code: 'not_applicable' },
  error: 'goes with parent_id',
  path: ['parent_since'],
};

/** Null: none. */
const own = {
  external_id: externalId.nullable().optional(),
  email: email.nullable().optional(),
  tax_id: taxId.nullable().optional(),
  country: country.nullable().optional(),
};

/** Without `parent_since` the parent is its parent from the beginning. */
export const newAffiliate = z
  .strictObject({
    name,
    ...own,
    parent_id: id.optional(),
    parent_since: time.optional(),
    state: state.optional(),
  })
  .refine(({ parent_id: parent, parent_since: since }) => !since || parent, SINCE_OF_PARENT);

/**
 * Null clears the field. The parent changes at `parent_since`, past or future, and by default now.
 */
export const affiliateChange = z
  .strictObject({
    name: name.optional(),
    ...own,
    parent_id: id.nullable().optional(),
    parent_since: time.optional(),
    state: state.optional(),
  })
  .refine(({ parent_id: parent, parent_since: since }) => !since || parent !== undefined, SINCE_OF_PARENT);

export const affiliateFilter = z.strictObject({
  ...page,
  state: state.optional(),
  q: search.optional().meta({ description: 'a part of `name`, `external_id` or `email`, in any case' }),
  ids: z
    .string()
    .regex(IDS, `must be at most ${LIMIT_AT_MOST} ids with commas between them`)
    .transform((value) => value.split(','))
    .optional()
    .meta({ description: `only these, with commas between them; at most ${LIMIT_AT_MOST}` }),
});
