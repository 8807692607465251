// Answers about notice channels: schema and view.
import { z } from 'zod';
import {
  CHANNEL_KINDS,
  CHANNEL_NOTICES,
  channelAdvice,
  type ChannelKind,
} from '../../domain/delivery/channels.ts';
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

/** The longest part of an answer that a person is shown. */
const DETAIL_LENGTH = 500;

export const channelTrial = z.object({
  verdict: field.text.meta({
    description: '`delivered`, or the error that `last_error` would say',
    examples: ['delivered'],
  }),
  advice: field.text.nullable(),
  detail: field.text.nullable().meta({
    description: 'what went wrong, in the words of the mail server or of the chat where they said any',
  }),
  subject: field.text.meta({
    description: 'how the message begins',
    examples: ['Northwind Brokers: a test of this channel'],
  }),
});

/** `failure`: null where the message was taken. */
export function channelTrialView(
  kind: ChannelKind,
  subject: string,
  failure: { error: string; detail: string | null } | null,
) {
  return {
    verdict: failure?.error ?? 'delivered',
    advice: failure && channelAdvice(kind, failure.error),
    detail: failure?.detail?.slice(0, DETAIL_LENGTH) ?? null,
    subject,
  };
}

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
