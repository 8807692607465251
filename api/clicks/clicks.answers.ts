// Answers about clicks: schemas and views.
import { z } from 'zod';
import { bySub } from '../../domain/types.ts';
import type { ClickRow } from '../../store/attribution/clicks.ts';
import * as field from '../http/answer-fields.ts';

export const keptClick = z.object({ click_id: field.text });

export const click = z.object({
  id: field.text,
  link_id: field.idOf('link').nullable(),
  affiliate_id: field.affiliateId,
  ...bySub(() => field.text.nullable()),
  clicked_at: field.time,
  received_at: field.time,
  bot: z.boolean(),
  seen_at: field.time.nullable(),
});

export function clickView({ id, linkId, affiliateId, subs, ...row }: ClickRow) {
  return {
    id,
    link_id: linkId,
    affiliate_id: affiliateId,
    ...bySub((index) => subs[index]),
    clicked_at: row.clickedAt,
    received_at: row.receivedAt,
    bot: row.isBot,
    seen_at: row.seenAt,
  };
}
