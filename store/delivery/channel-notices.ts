// Notices that wait for a channel: written in the transaction that changes what they report, read
// and removed by the activity that sends them.
import {
  NOTICES_KEPT_HOURS,
  type ChannelKind,
  type ChannelNotice,
  type NoticeGroup,
} from '../../domain/delivery/channels.ts';
import { newId } from '../db/ids.ts';
import { withTransaction, type Pool, type Queryable } from '../db/pool.ts';

/** Facts kept of notices that one transaction notes together; the others are counted. */
const SAMPLES = 5;

/** Notes notices of one type for the operator's channels that want them. */
export async function noteForChannels(
  db: Queryable,
  operatorId: string,
  type: ChannelNotice,
  data: readonly object[],
): Promise<void> {
  if (data.length === 0) return;
  await db.query(
    `insert into channel_notices (operator_id, channel_id, id, type, count, samples)
     select operator_id, id, $3, $2, $4, $5 from notice_channels where operator_id = $1 and $2 = any(notices)`,
    [operatorId, type, newId('ntc'), data.length, JSON.stringify(data.slice(0, SAMPLES))],
  );
}

/** A channel whose turn it is, with the sealed form of its address or URL. */
export type DueChannel = {
  operatorId: string;
  operatorName: string;
  id: string;
  kind: ChannelKind;
  secret: Buffer;
  failures: number;
};

/**
 * Takes channels that have notices and may send, for two minutes: after a crash the next run takes
 * them again.
 */
export async function takeDueChannels(db: Queryable, limit: number): Promise<DueChannel[]> {
  const { rows } = await db.query<DueChannel>(
    `with due as (
       select operator_id, id from notice_channels c
       where next_send_at <= now() and exists (
         select from channel_notices n where n.operator_id = c.operator_id and n.channel_id = c.id)
       order by next_send_at limit $1 for no key update skip locked
     )
     update notice_channels c set next_send_at = now() + interval '2 minutes'
     from due join operators o on o.id = due.operator_id
     where c.operator_id = due.operator_id and c.id = due.id
     returning c.operator_id as "operatorId", o.name as "operatorName", c.id, c.kind, c.secret, c.failures`,
    [limit],
  );
  return rows;
}

const READ_AT_MOST = 1000;

/** The oldest notices of a channel: their ids, and what they say by type. */
export async function readChannelNotices(
  db: Queryable,
  { operatorId, id }: Pick<DueChannel, 'operatorId' | 'id'>,
): Promise<{ ids: string[]; groups: NoticeGroup[] }> {
  const { rows } = await db.query<{ id: string; type: ChannelNotice; count: number; samples: object[] }>(
    `select id, type, count, samples from channel_notices
     where operator_id = $1 and channel_id = $2 order by id limit ${READ_AT_MOST}`,
    [operatorId, id],
  );
  const groups = new Map<ChannelNotice, { count: number; samples: object[] }>();
  for (const { type, count, samples } of rows) {
    const group = groups.get(type) ?? { count: 0, samples: [] };
    groups.set(type, {
      count: group.count + count,
      samples: [...group.samples, ...samples].slice(0, SAMPLES),
    });
  }
  return { ids: rows.map((row) => row.id), groups: [...groups].map(([type, group]) => ({ type, ...group })) };
}

/** Removes notices that were sent. The next message waits `pauseMs`, and tells all until then. */
export async function recordSent(
  pool: Pool,
  { operatorId, id }: Pick<DueChannel, 'operatorId' | 'id'>,
  noticeIds: readonly string[],
  pauseMs: number,
): Promise<void> {
  await withTransaction(pool, async (db) => {
    await db.query(
      `delete from channel_notices where operator_id = $1 and channel_id = $2 and id = any($3)`,
      [operatorId, id, noticeIds],
    );
    await db.query(
      `update notice_channels set failures = 0, last_error = null, last_sent_at = now(),
         next_send_at = now() + make_interval(secs => $3::float8 / 1000)
       where operator_id = $1 and id = $2`,
      [operatorId, id, pauseMs],
    );
  });
}

/** Notes a failure, and drops and counts the notices that waited too long. */
export async function recordNotSent(
  pool: Pool,
  { operatorId, id }: Pick<DueChannel, 'operatorId' | 'id'>,
  error: string,
  waitMs: number,
): Promise<void> {
  await pool.query(
    `with gone as (
       delete from channel_notices where operator_id = $1 and channel_id = $2
         and created_at < now() - interval '${NOTICES_KEPT_HOURS} hours' returning count
     )
     update notice_channels set failures = failures + 1, last_error = $3,
       dropped = dropped + (select coalesce(sum(count), 0)::int from gone),
       next_send_at = now() + make_interval(secs => $4::float8 / 1000)
     where operator_id = $1 and id = $2`,
    [operatorId, id, error.slice(0, 200), waitMs],
  );
}
