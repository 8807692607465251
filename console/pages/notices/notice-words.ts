// Kinds of channels and notices in words.
import type { RowOf } from '../../wire/types.ts';

export type Channel = RowOf<'/v1/notice-channels'>;
export type Kind = Channel['kind'];
export type Notice = Channel['notices'][number];

export const KINDS: Readonly<Record<Kind, string>> = {
  mail: 'mail',
  slack: 'webhook of a chat, in Slack’s form',
};

export const NOTICES: Readonly<Record<Notice, string>> = {
  'endpoint.failing': 'Endpoints that fail',
  'endpoint.disabled': 'Endpoints that were disabled',
  'delivery.gave_up': 'Postbacks given up',
  'event.set_aside': 'Events set aside',
  'payout_run.done': 'Payout runs that are done',
  'month.closed': 'Months that were closed',
};
