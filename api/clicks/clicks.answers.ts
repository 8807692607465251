// Answers about clicks: schemas and views.
import { z } from 'zod';
import type { ClickRow } from '../../store/attribution/clicks.ts';
import * as field from '../http/answer-fields.ts';

const sub = field.text.nullable();

export const keptClick = z.object({ click_id: field.text });

export const click = z.object({
  id: field.text,
  link_id: field.idOf('link').nullable(),
  affiliate_id: field.affiliateId,
  sub1: sub,
  sub2: sub,
  sub3: sub,
  sub4: sub,
  sub5: sub,
  clicked_at: field.time,
  received_at: field.time,
  bot: z.boolean(),
  seen_at: field.time.nullable(),
});

export function clickView({
  id,
  linkId,
  affiliateId,
  subs: [sub1, sub2, sub3, sub4, sub5],
  ...row
}: ClickRow) {
  return {
    id,
    link_id: linkId,
    affiliate_id: affiliateId,
    sub1,
    sub2,
    sub3,
    sub4,
    sub5,
    clicked_at: row.clickedAt,
    received_at: row.receivedAt,
    bot: row.isBot,
    seen_at: row.seenAt,
  };
}
