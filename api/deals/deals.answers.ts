// Answers about deals and their versions: schemas and views.
import { z } from 'zod';
import { APPLIES_TO, type Deal, type Version } from '../../store/agreements/deals.ts';
import * as field from '../http/answer-fields.ts';

const keptTerms = z
  .record(z.string(), z.unknown())
  .meta({ description: 'as given, with every default filled in' });

const versionFields = {
  version: z.int().min(1),
  effective_from: field.time,
  applies_to: z.enum(APPLIES_TO),
  terms: keptTerms,
  created_at: field.time,
};

export const deal = z
  .object({
    id: field.idOf('deal'),
    name: field.text,
    affiliate_id: field.affiliateId.nullable(),
    ended_at: field.time.nullable().meta({ description: 'events from then on are not rated by this deal' }),
    ...versionFields,
    versions: z.array(z.object(versionFields)),
  })
  .meta({ description: 'shown by its newest version' });

export const dealVersion = z.object({ id: field.idOf('deal'), ...versionFields });

/** A deal with the fields of its newest version, and the list of all versions. */
export function dealView({ id, name, affiliateId, endedAt, createdAt, versions }: Deal) {
  const newest = versions.at(-1);
  return {
    id,
    name,
    affiliate_id: affiliateId,
    ended_at: endedAt,
    ...(newest && versionView(newest)),
    created_at: createdAt,
    versions: versions.map(versionView),
  };
}

export function versionView({ version, effectiveFrom, appliesTo, terms, createdAt }: Version) {
  return { version, effective_from: effectiveFrom, applies_to: appliesTo, terms, created_at: createdAt };
}
