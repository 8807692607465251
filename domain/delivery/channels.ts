// Channels of notices to people: by mail, or to a webhook of Slack's form. Several notices become
// one message, so that a burst is read and not deleted.
import { pageOf, pageOfMonth } from '../console-pages.ts';
import { adviceForError } from './advice.ts';
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

/** A message as it goes out. */
export type ChannelMessage = { subject: string; text: string };

/** Facts that name a thing; the first that a notice has is linked to its page of the console. */
const THINGS = ['delivery_id', 'event_id', 'endpoint_id', 'payout_run_id', 'month'];

/** Facts that a line of a message names, where a notice has them. */
const FACTS = [...THINGS, 'payouts', 'amount', 'currency', 'reason', 'last_error', 'advice'];

/**
 * One message about all of these notices. `link`: address of the console; each line leads to the
 * page of its thing.
 */
export function messageOf(
  groups: readonly NoticeGroup[],
  operatorName: string,
  link: string,
): ChannelMessage {
  const titles = groups.map(titleOf);
  const [first = ''] = titles;
  const others = titles.length > 1 ? `, and ${titles.length - 1} more` : '';
  return {
    subject: subjectOf(operatorName, `${first}${others}`),
    text: `${paragraphsOf(groups, link)}\n\n${link}\n`,
  };
}

/** A message to try a channel with: each of its notices as it would look. */
export function testMessageOf(
  notices: readonly ChannelNotice[],
  operatorName: string,
  link: string,
): ChannelMessage {
  const groups = notices.map((type) => ({ type, count: 1, samples: [EXAMPLES[type]] }));
  return {
    subject: subjectOf(operatorName, 'a test of this channel'),
    text: `This is a test: nothing of what follows happened. So look the notices of this channel:\n\n${paragraphsOf(groups, link)}\n\n${link}\n`,
  };
}

const EXAMPLES: Readonly<Record<ChannelNotice, object>> = {
  'endpoint.failing': { endpoint_id: 'ep_01kb9xq5n2f4h6j8m0p2r4t6v8', last_error: 'http_503' },
  'endpoint.disabled': { endpoint_id: 'ep_01kb9xq5n2f4h6j8m0p2r4t6v8', reason: '410' },
  'delivery.gave_up': { delivery_id: 'dlv_01kb9xq5n2f4h6j8m0p2r4t6v8', last_error: 'timeout' },
  'payout_run.done': { payout_run_id: 'run_01kb9xq5n2f4h6j8m0p2r4t6v8', payouts: 12 },
  'event.set_aside': { event_id: 'evt_01kb9xq5n2f4h6j8m0p2r4t6v8', reason: 'no_exchange_rate' },
  'month.closed': { month: '2026-10' },
};

/** A line break in a name would begin another header of a mail. */
function subjectOf(operatorName: string, what: string): string {
  return `${operatorName.replace(/\s+/g, ' ')}: ${what}`;
}

function paragraphsOf(groups: readonly NoticeGroup[], link: string): string {
  const parts = groups.map((group) => {
    const lines = group.samples.map((sample) => `- ${lineOf(sample, link)}`);
    if (group.count > lines.length) lines.push(`- and ${group.count - lines.length} more`);
    return `${titleOf(group)}\n${lines.join('\n')}`;
  });
  return parts.join('\n\n');
}

function titleOf({ type, count }: NoticeGroup): string {
  return `${count} ${WORDS[type][count === 1 ? 0 : 1]}`;
}

function lineOf(sample: object, link: string): string {
  const facts = sample as Record<string, unknown>;
  const words = FACTS.flatMap((name) => {
    const value = facts[name];
    return typeof value === 'string' || typeof value === 'number' ? [`${name} ${value}`] : [];
  }).join(', ');
  const page = THINGS.map((name) => pageOfFact(name, facts[name])).find((found) => found !== null);
  return page ? `${words}: ${link}${page}` : words;
}

function pageOfFact(name: string, value: unknown): string | null {
  if (typeof value !== 'string') return null;
  return name === 'month' ? pageOfMonth(value) : pageOf(value);
}

const WAITS_MS = [60_000, 300_000, 900_000, 3_600_000];
/** After so long a notice that could not be sent is dropped. */
export const NOTICES_KEPT_HOURS = 72;

/** How long a channel waits after its n-th failure in a row, in milliseconds. */
export function channelWaitMs(failures: number): number {
  return WAITS_MS[Math.min(failures, WAITS_MS.length) - 1] ?? WAITS_MS[0]!;
}

/** Error of a mail where the installation has no server for it. */
export const NO_MAIL_SERVER = 'SMTP_URL is not set';

const MAIL_ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^SMTP_URL/, 'Set SMTP_URL and NOTICES_FROM for API and worker: this installation has no mail server.'],
  [/ EAUTH\b/, 'Check user and password in SMTP_URL: the mail server refuses them.'],
  [/ EENVELOPE\b/, 'Check the address, and NOTICES_FROM: the mail server refuses one of them.'],
  [/ (ECONNECTION|ESOCKET|ETIMEDOUT|EDNS|ETLS)\b/, 'Check SMTP_URL: its server cannot be reached.'],
];

/** Advice to the owner of a channel whose message was not sent, in one sentence. */
export function channelAdvice(kind: ChannelKind, error: string): string | null {
  if (kind === 'mail') {
    const found = MAIL_ADVICE.find(([pattern]) => pattern.test(error));
    return found?.[1] ?? 'Look into the log of the mail server: it did not take the message.';
  }
  const [, status] = /^http_(\d{3})$/.exec(error) ?? [];
  if (status === undefined) return adviceForError(error);
  if (status === '429') return 'Test again in a minute: the chat takes no more now.';
  return Number(status) >= 500
    ? 'Test again later: the server of the chat failed.'
    : 'Make a new webhook in the chat, and a channel with its URL: the chat does not take messages at this one.';
}
