// Affiliate lookup for requests: a missing affiliate in a path is 404, in a body an issue of its
// field.
import type { Affiliate } from '../../store/attribution/affiliates.ts';
import type { Store } from '../../store/index.ts';
import { ApiError, notFound } from './errors.ts';
import { invalid } from './read.ts';

/** The affiliate of a path. Throws `not_found`. */
export async function findAffiliate(
  store: Pick<Store, 'affiliates'>,
  operatorId: string,
  id: string,
): Promise<Affiliate> {
  const affiliate = await store.affiliates.find(operatorId, id);
  if (affiliate === null) throw notFound('affiliate');
  return affiliate;
}

/**
 * Accepts null and any affiliate of the operator; throws `invalid_request` with the field
 * otherwise. The check cannot become stale: affiliates are never deleted.
 */
export async function requireAffiliate(
  store: Pick<Store, 'affiliates'>,
  operatorId: string,
  id: string | null,
  field: string,
): Promise<void> {
  if (id === null || (await store.affiliates.find(operatorId, id)) !== null) return;
  throw unknownAffiliate(field);
}

/**
 * Like `requireAffiliate`, and throws `not_possible` for a closed affiliate, which nothing new may
 * lead to. It may be closed meanwhile: settling checks again.
 */
export async function requireOpenAffiliate(
  store: Pick<Store, 'affiliates'>,
  operatorId: string,
  id: string,
  field: string,
): Promise<void> {
  const affiliate = await store.affiliates.find(operatorId, id);
  if (affiliate === null) throw unknownAffiliate(field);
  refuseClosed(affiliate);
}

export function refuseClosed({ state }: Pick<Affiliate, 'state'>): void {
  if (state === 'closed') throw new ApiError('not_possible', 'the affiliate is closed');
}

function unknownAffiliate(field: string): ApiError {
  return invalid([{ path: field, code: 'unknown_affiliate', message: 'there is no such affiliate' }]);
}
