// Affiliate lookup for requests: a missing affiliate in a path is 404, in a body an issue of its
// field.
import type { Affiliate } from '../../store/attribution/affiliates.ts';
import type { Store } from '../../store/index.ts';
import { notFound } from './errors.ts';
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
  throw invalid([{ path: field, code: 'unknown_affiliate', message: 'there is no such affiliate' }]);
}
