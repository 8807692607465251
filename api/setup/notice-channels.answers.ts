// Answers about notice channels: schema and view.
import { z } from 'zod';
import { CHANNEL_KINDS, CHANNEL_NOTICES } from '../../domain/delivery/channels.ts';
import type { NoticeChannel } from '../../store/delivery/notice-channels.ts';
import * as field from '../http/answer-fields.ts';

export const channel = z.object({
  id: field.idOf('nch'),
  kind: z.enum(CHANNEL_KINDS),
  target: field.text,
  notices: z.array(z.enum(CHANNEL_NOTICES)),
  created_at: field.time,
  last_sent_at: field.time.nullable(),
  last_error: field.text.nullable(),
  failures: field.count,
  waiting: field.count,
  dropped: field.count,
});

export function channelView(row: NoticeChannel) {
  return {
    id: row.id,
    kind: row.kind,
    target: row.shown,
    notices: row.notices,
    created_at: row.createdAt,
    last_sent_at: row.lastSentAt,
    last_error: row.lastError,
    failures: row.failures,
    waiting: row.waiting,
    dropped: row.dropped,
  };
}
