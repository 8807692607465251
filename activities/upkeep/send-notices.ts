// Sends notices to people's channels: what waits for a channel as one message, at most one a
// minute.
import { channelWaitMs, messageOf, type ChannelMessage } from '../../domain/delivery/channels.ts';
import type { Messenger } from '../../delivery/messenger.ts';
import type { Pool } from '../../store/db/pool.ts';
import type { SecretBox } from '../../store/db/secret-box.ts';
import {
  readChannelNotices,
  recordNotSent,
  recordSent,
  takeDueChannels,
  type DueChannel,
} from '../../store/delivery/channel-notices.ts';
import { noticeChannelContext } from '../../store/delivery/notice-channels.ts';
import { allSettledOrThrow } from '../single-flight.ts';

/** Numbers of messages. */
type SentNotices = { sent: number; failed: number };

export type SendNoticesActivities = {
  /** Sends what waits for channels whose turn it is, once each. */
  sendNotices(): Promise<SentNotices>;
};

type SendNoticesDeps = {
  pool: Pool;
  secretBox: SecretBox;
  messenger: Messenger;
  /** Where the messages lead. */
  link: string;
  pauseMs: number;
};

/** A message takes up to 20 s. All are sent at once, within the time of the activity. */
const CHANNELS_AT_ONCE = 20;

export function createSendNotices(deps: SendNoticesDeps): SendNoticesActivities {
  const { pool, secretBox, messenger, link, pauseMs } = deps;

  /** Null when it was sent, otherwise why not. */
  async function send(channel: DueChannel, message: ChannelMessage): Promise<string | null> {
    const { operatorId, id, kind, secret } = channel;
    const target = secretBox.open(secret, noticeChannelContext(operatorId, id));
    return (await messenger.send({ kind, target }, message))?.error ?? null;
  }

  async function serve(channel: DueChannel): Promise<keyof SentNotices> {
    const { ids, groups } = await readChannelNotices(pool, channel);
    const message = messageOf(groups, channel.operatorName, link);
    const error = await send(channel, message).catch(() => 'local_error');
    if (error === null) await recordSent(pool, channel, ids, pauseMs);
    else await recordNotSent(pool, channel, error, channelWaitMs(channel.failures + 1));
    return error === null ? 'sent' : 'failed';
  }

  return {
    async sendNotices() {
      const results = await allSettledOrThrow((await takeDueChannels(pool, CHANNELS_AT_ONCE)).map(serve));
      const count = (of: keyof SentNotices) => results.filter((result) => result === of).length;
      return { sent: count('sent'), failed: count('failed') };
    },
  };
}
