// Notices to people: one message for a burst, by real SMTP and to a real webhook, tried again while
// it fails.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createSendNotices } from '../../../activities/upkeep/send-notices.ts';
import { createGuard } from '../../../delivery/guard.ts';
import { createMailer } from '../../../delivery/mail.ts';
import { createMessenger } from '../../../delivery/messenger.ts';
import { createSender } from '../../../delivery/send.ts';
import { CHANNEL_NOTICES, type ChannelNotice } from '../../../domain/delivery/channels.ts';
import { newId } from '../../../store/db/ids.ts';
import { noteForChannels } from '../../../store/delivery/channel-notices.ts';
import { createNoticeChannels } from '../../../store/delivery/notice-channels.ts';
import { notifyHealth, notifyOperator } from '../../../store/delivery/notices.ts';
import { withBooks } from '../../support/books.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { startReceiver, type FaultyReceiver } from '../../support/faulty-receiver.ts';
import { startMailServer, type MailServer } from '../../support/mail-server.ts';
import { SECRET_BOX, withOperator } from '../../support/operator.ts';
import { createSettling } from '../../support/settling.ts';

let database: TestDatabase;
let receiver: FaultyReceiver;
let smtp: MailServer;

before(async () => {
  [database, receiver, smtp] = await Promise.all([withDatabase(), startReceiver(), startMailServer()]);
});
after(async () => {
  await smtp.close();
  await receiver.close();
  await database.drop();
});

type Options = { url?: string; allowCidrs?: string[] };

/** One run of the activity. */
async function send({ url = smtp.url, allowCidrs = ['127.0.0.0/8'] }: Options = {}) {
  const sender = createSender(createGuard({ allowCidrs, allowPorts: '*', requireHttps: false }));
  const mailer = createMailer({ url, from: 'postrider@broker.example' });
  const link = 'https://track.example/console';
  const { pool } = database;
  const { sendNotices } = createSendNotices({
    pool,
    secretBox: SECRET_BOX,
    messenger: createMessenger({ sender, mailer }),
    link,
    pauseMs: 60_000,
  });
  try {
    return await sendNotices();
  } finally {
    mailer.close();
    await sender.close();
  }
}

async function addChannel(
  operatorId: string,
  kind: 'mail' | 'slack',
  target: string,
  notices?: ChannelNotice[],
) {
  const channel = {
    id: newId('nch'),
    kind,
    target,
    shown: 'shown',
    notices: notices ?? [...CHANNEL_NOTICES],
  };
  await createNoticeChannels(database.pool, SECRET_BOX).insert(operatorId, channel);
  return channel.id;
}

async function channelOf(operatorId: string) {
  const [channel] = await createNoticeChannels(database.pool, SECRET_BOX).list(operatorId, {
    limit: 10,
    before: null,
  });
  return channel!;
}

/** Lets a minute, or the wait after a failure, be over. */
const letTimePass = (operatorId: string) =>
  database.pool.query(`update notice_channels set next_send_at = now() where operator_id = $1`, [operatorId]);

const gaveUp = (count: number) =>
  Array.from({ length: count }, () => ({ delivery_id: newId('dlv'), last_error: 'http_503' }));

test('ten thousand notices are one mail and one message to the chat, and nothing of them is left', async () => {
  const { operatorId } = await withOperator(database.pool);
  const other = await withOperator(database.pool);
  await addChannel(operatorId, 'mail', 'ops@broker.example');
  await addChannel(operatorId, 'slack', `${receiver.url}/ok/chat`);
  await addChannel(operatorId, 'slack', `${receiver.url}/ok/months`, ['month.closed']);
  await addChannel(other.operatorId, 'slack', `${receiver.url}/ok/other`);
  for (let group = 0; group < 20; group++)
    await noteForChannels(database.pool, operatorId, 'delivery.gave_up', gaveUp(500));
  const { rows } = await database.pool.query<{ secret: Buffer }>(`select secret from notice_channels`);
  assert.ok(
    rows.every(({ secret }) => !secret.toString('latin1').includes('broker.example')),
    'targets are sealed',
  );

  assert.deepEqual(await send(), { sent: 2, failed: 0 });
  assert.deepEqual(await send(), { sent: 0, failed: 0 });
  const mail = smtp.mails.at(-1)!;
  assert.deepEqual(
    [smtp.mails.length, mail.from, mail.to],
    [1, 'postrider@broker.example', ['ops@broker.example']],
  );
  for (const part of ['10000 postbacks were given up', 'last_error http_503', 'and 9995 more', '/console'])
    assert.ok(mail.text.includes(part), `${part} in ${mail.text}`);
  assert.deepEqual(
    receiver.requests.map(({ path }) => path),
    ['/ok/chat'],
  );
  assert.match(
    (JSON.parse(receiver.requests[0]!.body) as { text: string }).text,
    /^.+: 10000 postbacks were given up\n/,
  );

  // Within the minute after a message others wait, and are then one message again.
  await noteForChannels(database.pool, operatorId, 'delivery.gave_up', gaveUp(1));
  assert.deepEqual(await send(), { sent: 0, failed: 0 });
  assert.equal((await channelOf(operatorId)).waiting, 0, 'the newest channel wants months only');
  await letTimePass(operatorId);
  assert.deepEqual(await send(), { sent: 2, failed: 0 });
});

test('a message that cannot be sent is tried again, shows why, and is dropped after three days', async () => {
  const { operatorId } = await withOperator(database.pool);
  await addChannel(operatorId, 'mail', 'ops@broker.example');
  await noteForChannels(database.pool, operatorId, 'delivery.gave_up', gaveUp(3));
  const nobody = 'smtp://127.0.0.1:1';
  assert.deepEqual(await send({ url: nobody }), { sent: 0, failed: 1 });
  assert.deepEqual(await send({ url: nobody }), { sent: 0, failed: 0 }, 'it waits');
  const failing = await channelOf(operatorId);
  assert.deepEqual([failing.failures, failing.waiting, failing.dropped], [1, 3, 0]);
  assert.match(failing.lastError!, /^smtp /);

  await database.pool.query(`update channel_notices set created_at = now() - interval '73 hours'`);
  await noteForChannels(database.pool, operatorId, 'month.closed', [{ month: '2026-10' }]);
  await letTimePass(operatorId);
  assert.deepEqual(await send({ url: nobody }), { sent: 0, failed: 1 });
  const dropping = await channelOf(operatorId);
  assert.deepEqual([dropping.failures, dropping.waiting, dropping.dropped], [2, 1, 3]);

  await letTimePass(operatorId);
  assert.deepEqual(await send(), { sent: 1, failed: 0 });
  const well = await channelOf(operatorId);
  assert.deepEqual([well.failures, well.waiting, well.lastError], [0, 0, null]);
  assert.match(smtp.mails.at(-1)!.text, /1 month was closed\s+- month 2026-10/);
});

test('the webhook of a chat is called under the guard, and its answer counts', async () => {
  const { operatorId } = await withOperator(database.pool);
  await addChannel(operatorId, 'slack', `${receiver.url}/status/500`);
  await noteForChannels(database.pool, operatorId, 'delivery.gave_up', gaveUp(1));
  const calls = receiver.requests.length;
  assert.deepEqual(await send({ allowCidrs: [] }), { sent: 0, failed: 1 });
  assert.deepEqual(
    [(await channelOf(operatorId)).lastError, receiver.requests.length],
    ['blocked_address', calls],
  );
  await letTimePass(operatorId);
  assert.deepEqual(await send(), { sent: 0, failed: 1 });
  assert.equal((await channelOf(operatorId)).lastError, 'http_500');
});

test('every kind of notice reaches a channel by what causes it', async () => {
  const { pool } = database;
  const books = await withBooks(pool);
  const { operatorId, affiliateId } = books;
  await addChannel(operatorId, 'mail', 'all@broker.example');
  await createSettling(pool)(operatorId, await books.ingest([{ currency: 'GBP' }]));
  await createSettling(pool)(operatorId, await books.ingest([{ currency: 'GBP' }]));
  const moment = '2026-10-31T23:59:59Z';
  await books.settle(moment, [{}]);
  assert.equal((await books.close('2026-10', '2026-11-02T00:00:00Z')).kind, 'closed');
  const { id: endpointId } = await books.addEndpoint('http://127.0.0.1:9/');
  const health = {
    state: 'disabled',
    stateReason: '410',
    failuresInARow: 9,
    failingSince: null,
    failedAbout: [],
    lastError: 'http_410',
    noticesSent: 0,
  } as const;
  const about = { operatorId, endpointId, affiliateId, url: 'http://127.0.0.1:9/', health };
  await notifyHealth(pool, [{ ...about, notices: ['endpoint.failing', 'endpoint.disabled'] }]);
  await notifyOperator(pool, operatorId, 'payout_run.done', newId('run'), {
    payout_run_id: newId('run'),
    payouts: 3,
  });
  assert.deepEqual(await send(), { sent: 1, failed: 0 });
  const { text } = smtp.mails.at(-1)!;
  for (const part of [
    '2 events were set aside',
    'reason no_exchange_rate',
    '1 month was closed',
    '1 endpoint does nothing but fail',
    '1 endpoint was disabled',
    '1 payout run is done',
  ])
    assert.ok(text.includes(part), `${part} in ${text}`);
});
