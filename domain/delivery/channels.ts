// Channels of notices to people: by mail, or to a webhook of Slack's form. Several notices become
// one message, so that a burst is read and not deleted.
import { NOTICE_TYPES } from './notices.ts';

export const CHANNEL_KINDS = ['mail', 'slack'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

/** Notices of webhooks, and two that only people get. */
export const CHANNEL_NOTICES = [...NOTICE_TYPES, 'event.set_aside', 'month.closed'] as const;
export type ChannelNotice = (typeof CHANNEL_NOTICES)[number];

/** Notices of one type, and the facts of the first ones. */
export type NoticeGroup = { type: ChannelNotice; count: number; samples: readonly object[] };

const WORDS: Readonly<Record<ChannelNotice, readonly [one: string, many: string]>> = {
  'endpoint.failing': ['endpoint does nothing but fail', 'endpoints do nothing but fail'],
  'endpoint.disabled': ['endpoint was disabled', 'endpoints were disabled'],
  'delivery.gave_up': ['postback was given up', 'postbacks were given up'],
  'payout_run.done': ['payout run is done', 'payout runs are done'],
  'event.set_aside': ['event was set aside', 'events were set aside'],
  'month.closed': ['month was closed', 'months were closed'],
};

/** Facts that a line of a message names, where a notice has them. */
const FACTS = [
  'delivery_id',
  'event_id',
  'endpoint_id',
  'payout_run_id',
  'month',
  'payouts',
  'amount',
  'currency',
  'reason',
  'last_error',
  'advice',
];

/**
 * One message about all of these notices. `link`: where more is to be seen.
 */
export function messageOf(
  groups: readonly NoticeGroup[],
  operatorName: string,
  link: string,
): { subject: string; text: string } {
  const titles = groups.map(({ type, count }) => `${count} ${WORDS[type][count === 1 ? 0 : 1]}`);
  const parts = groups.map(({ count, samples }, index) => {
    const lines = samples.map((sample) => `- ${lineOf(sample)}`);
    if (count > samples.length) lines.push(`- and ${count - samples.length} more`);
    return `${titles[index]}\n${lines.join('\n')}`;
  });
  const [first = ''] = titles;
  const others = titles.length > 1 ? `, and ${titles.length - 1} more` : '';
  // A line break in a name would begin another header.
  const subject = `${operatorName.replace(/\s+/g, ' ')}: ${first}${others}`;
  return { subject, text: `${parts.join('\n\n')}\n\n${link}\n` };
}

function lineOf(sample: object): string {
  return FACTS.flatMap((name) => {
    const value = (sample as Record<string, unknown>)[name];
    return typeof value === 'string' || typeof value === 'number' ? [`${name} ${value}`] : [];
  }).join(', ');
}

const WAITS_MS = [60_000, 300_000, 900_000, 3_600_000];
/** After so long a notice that could not be sent is dropped. */
export const NOTICES_KEPT_HOURS = 72;

/** How long a channel waits after its n-th failure in a row, in milliseconds. */
export function channelWaitMs(failures: number): number {
  return WAITS_MS[Math.min(failures, WAITS_MS.length) - 1] ?? WAITS_MS[0]!;
}
