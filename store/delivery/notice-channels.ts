// Channels that notices go to, as an operator sets them up. Addresses and URLs are sealed: whoever
// knows the URL of a chat may write there.
import type { ChannelKind, ChannelNotice } from '../../domain/delivery/channels.ts';
import type { Page } from '../db/page.ts';
import type { Pool } from '../db/pool.ts';
import type { SecretBox } from '../db/secret-box.ts';

/** `shown`: what tells it from others, without what opens it. */
export type NoticeChannel = {
  id: string;
  kind: ChannelKind;
  shown: string;
  notices: ChannelNotice[];
  createdAt: Date;
  lastSentAt: Date | null;
  lastError: string | null;
  failures: number;
  waiting: number;
  dropped: number;
};

type NewChannel = Pick<NoticeChannel, 'id' | 'kind' | 'shown' | 'notices'> & { target: string };

export const CHANNELS_AT_MOST = 20;

const COLUMNS = `c.id, c.kind, c.shown, c.notices, c.created_at as "createdAt", c.last_sent_at as "lastSentAt",
  c.last_error as "lastError", c.failures, c.dropped,
  (select coalesce(sum(n.count), 0)::int from (
    select count from channel_notices n where n.operator_id = c.operator_id and n.channel_id = c.id limit 1000
  ) n) as waiting`;

export function noticeChannelContext(operatorId: string, channelId: string): string {
  return `${operatorId} notices ${channelId}`;
}

export function createNoticeChannels(pool: Pool, secretBox: SecretBox) {
  return {
    /** Null where the operator has as many as there may be. */
    async insert(operatorId: string, channel: NewChannel): Promise<NoticeChannel | null> {
      const { id, kind, shown, notices, target } = channel;
      const sealed = secretBox.seal(target, noticeChannelContext(operatorId, id));
      const { rowCount } = await pool.query(
        `insert into notice_channels (operator_id, id, kind, shown, notices, secret) select $1, $2, $3, $4, $5, $6
         where (select count(*) from notice_channels where operator_id = $1) < ${CHANNELS_AT_MOST}`,
        [operatorId, id, kind, shown, notices, sealed],
      );
      if (rowCount === 0) return null;
      const { rows } = await pool.query<NoticeChannel>(
        `select ${COLUMNS} from notice_channels c where operator_id = $1 and id = $2`,
        [operatorId, id],
      );
      return rows[0]!;
    },

    /** Newest first. */
    async list(operatorId: string, { before, limit }: Page): Promise<NoticeChannel[]> {
      const { rows } = await pool.query<NoticeChannel>(
        `select ${COLUMNS} from notice_channels c
         where operator_id = $1 and ($2::text is null or id < $2) order by id desc limit $3`,
        [operatorId, before, limit],
      );
      return rows;
    },

    /** Where a channel leads, with the address or URL in plain text, and its notices. */
    async target(
      operatorId: string,
      id: string,
    ): Promise<(Pick<NoticeChannel, 'kind' | 'notices'> & { target: string }) | null> {
      const { rows } = await pool.query<Pick<NoticeChannel, 'kind' | 'notices'> & { secret: Buffer }>(
        `select kind, notices, secret from notice_channels where operator_id = $1 and id = $2`,
        [operatorId, id],
      );
      const [row] = rows;
      if (row === undefined) return null;
      const { kind, notices, secret } = row;
      return { kind, notices, target: secretBox.open(secret, noticeChannelContext(operatorId, id)) };
    },

    /** Removes a channel with what waits for it. False where there is none. */
    async remove(operatorId: string, id: string): Promise<boolean> {
      const { rowCount } = await pool.query(
        `delete from notice_channels where operator_id = $1 and id = $2`,
        [operatorId, id],
      );
      return rowCount === 1;
    },
  };
}
