// Requests of clicks: a reported click, and the filter of the list.
import { z } from 'zod';
import { bySub } from '../../domain/types.ts';
import { externalId, id, pastTime, sub, time } from '../http/fields.ts';
import { page } from '../http/lists.ts';
import { newClickId } from '../http/reported-ids.ts';

/**
 * `click_id` is an id of the operator's own, or one of ours whose click was lost; events refer to
 * it.
 */
export const newClick = z
  .strictObject({
    link_id: id.optional(),
    affiliate_id: id.optional(),
    click_id: newClickId.optional(),
    clicked_at: pastTime.optional(),
    ...bySub(() => sub.optional()),
  })
  .refine((click) => (click.link_id === undefined) !== (click.affiliate_id === undefined), {
    params: { code: 'link_or_affiliate_required' },
    error: 'give link_id or affiliate_id, not both',
    path: ['link_id'],
  });

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

/** The cursor is any click id, since operators may use ids of their own. */
export const clickFilter = z.strictObject({
  ...page,
  cursor: externalId.optional(),
  affiliate_id: id.optional(),
  link_id: id.optional(),
  bot: flag.optional(),
  seen: flag.optional(),
  from: time.optional(),
  to: time.optional(),
});
