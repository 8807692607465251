// Purge: deletes expired clicks, attempts and content holders, and keeps younger rows and bindings.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createPurge } from '../../../activities/upkeep/purge.ts';
import { createAuditLog } from '../../../store/access/audit-log.ts';
import { createSessions } from '../../../store/access/sessions.ts';
import { newId } from '../../../store/db/ids.ts';
import { countReportDay } from '../../../store/ledger/report-days.ts';
import { createClicks } from '../../../store/attribution/clicks.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';
import { createSettling, outcomesOf } from '../../support/settling.ts';

let database: TestDatabase;
before(async () => {
  database = await withDatabase();
});
after(() => database.drop());

/** Partitions of clicks, and the number of clicks. */
async function months(): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'clicks'::regclass and c.relname ~ '\\d' order by 1`,
  );
  return rows.map(({ name }) => name);
}

async function addMonth(monthsAgo: number): Promise<{ name: string; day: Date }> {
  const { rows } = await database.pool.query<{ name: string; day: Date }>(
    `select to_char(m, '"clicks_"YYYY_MM') as name, (m + interval '14 days') at time zone 'UTC' as day
     from (select date_trunc('month', now() at time zone 'UTC') - make_interval(months => $1) as m) x`,
    [monthsAgo],
  );
  const { name, day } = rows[0]!;
  const next = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1)).toISOString();
  const first = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), 1)).toISOString();
  const { rows: bounds } = await database.pool.query<{ lower: string; upper: string }>(
    `select id_bound('clk', $1) as lower, id_bound('clk', $2) as upper`,
    [first, next],
  );
  await database.pool.query(
    `create table ${name} partition of clicks for values from ('${bounds[0]!.lower}') to ('${bounds[0]!.upper}')`,
  );
  return { name, day };
}

test('purging drops wholly expired months, one per step, until none is left', async () => {
  const { pool } = database;
  const kept = await months();
  const [oldest, older, young] = [await addMonth(16), await addMonth(14), await addMonth(13)];
  const operator = await withOperator(pool);
  const subs = ['mark', null, null, null, null] as const;
  const ids = [oldest, older, young].map(({ day }) => newIdOf(day));
  for (const [index, { day }] of [oldest, older, young].entries())
    await createClicks(pool).insert(operator.operatorId, {
      id: ids[index]!,
      affiliateId: operator.affiliateId,
      linkId: null,
      subs,
      clickedAt: day.getTime(),
    });
  const [bound] = await operator.ingest([
    { clickId: ids[0]!, customerId: 'c', occurredAt: oldest.day.getTime() + 1000 },
  ]);
  await createSettling(pool)(operator.operatorId, [bound!]);

  const { purgeOnce } = createPurge({ pool, retention: { clicksMonths: 13, attemptsMonths: 13 } });
  assert.deepEqual(await purgeOnce(), { partitions: [oldest.name], rows: 0 });
  assert.deepEqual(await purgeOnce(), { partitions: [older.name], rows: 0 });
  assert.deepEqual(await purgeOnce(), { partitions: [], rows: 0 });
  assert.deepEqual(await months(), [young.name, ...kept]);

  // The binding keeps a copy of its click.
  const [later] = await operator.ingest([{ clickId: null, customerId: 'c' }]);
  await createSettling(pool)(operator.operatorId, [later!]);
  assert.deepEqual(await outcomesOf(pool, [later!]), ['settled 1000']);
  const { rows } = await pool.query(
    `select o.click_id, b.sub1 from event_outcomes o join bindings b on b.customer_id = 'c' where o.event_id = $1`,
    [later],
  );
  assert.deepEqual(rows, [{ click_id: ids[0], sub1: 'mark' }]);
});

/** An id as generated at that time. */
function newIdOf(day: Date): string {
  const digits = '0123456789abcdefghjkmnpqrstvwxyz';
  let text = '';
  for (let rest = day.getTime(), i = 0; i < 10; i++, rest = Math.floor(rest / 32))
    text = digits[rest % 32] + text;
  return `clk_${text}${newId('clk').slice(-16)}`;
}

test('purging deletes clicks with foreign ids by their time of receipt', async () => {
  const { pool } = database;
  const operator = await withOperator(pool);
  const { operatorId, affiliateId } = operator;
  const subs = [null, null, null, null, null] as const;
  for (const id of ['old', 'young'])
    await createClicks(pool).insert(operatorId, { id, affiliateId, linkId: null, subs, clickedAt: 0 });
  await pool.query(`update clicks set received_at = now() - interval '14 months' where id = 'old'`);
  const { purgeOnce } = createPurge({ pool, retention: { clicksMonths: 13, attemptsMonths: 13 } });
  assert.deepEqual(await purgeOnce(), { partitions: [], rows: 1 });
  assert.equal(await createClicks(pool).find(operatorId, 'old'), null);
  assert.notEqual(await createClicks(pool).find(operatorId, 'young'), null);
});

test('a day counted again keeps the clicks that were purged, and otherwise counts what is there', async () => {
  const { pool } = database;
  const { operatorId, affiliateId } = await withOperator(pool);
  const [old, young] = [await addMonth(17), await addMonth(11)];
  const subs = [null, null, null, null, null] as const;
  const addClick = async ({ day }: { day: Date }): Promise<string> => {
    const id = newIdOf(day);
    const clickedAt = day.getTime();
    await createClicks(pool).insert(operatorId, { id, affiliateId, linkId: null, subs, clickedAt });
    return id;
  };
  const count = async ({ day }: { day: Date }): Promise<number | undefined> => {
    const receivedOn = day.toISOString().slice(0, 10);
    await countReportDay(pool, operatorId, receivedOn);
    const { rows } = await pool.query<{ count: number }>(
      `select count from report_days
       where operator_id = $1 and affiliate_id = $2 and received_on = $3 and type = 'click'`,
      [operatorId, affiliateId, receivedOn],
    );
    return rows[0]?.count;
  };
  await addClick(old);
  await addClick(old);
  const mistaken = await addClick(young);
  assert.deepEqual([await count(old), await count(young)], [2, 1]);

  const { purgeOnce } = createPurge({ pool, retention: { clicksMonths: 13, attemptsMonths: 13 } });
  assert.deepEqual((await purgeOnce()).partitions, [old.name]);
  assert.equal(await count(old), 2);
  await addClick(old);
  assert.equal(await count(old), 2, 'a click of that month which came late is not all of them');
  await pool.query(`delete from clicks where operator_id = $1 and id = $2`, [operatorId, mistaken]);
  assert.equal(await count(young), undefined);
});

test('purging deletes content holders whose repeat window ended, and keeps current holders', async () => {
  const { pool } = database;
  const { operatorId } = await withOperator(pool);
  for (const [content, ended] of [
    ['over', '1 day 1 minute'],
    ['just over', '1 minute'],
    ['held', '-1 minute'],
  ])
    await pool.query(
      `insert into content_holders (operator_id, type, content, event_id, held_from, held_until)
       values ($1, 'sale', $2, 'evt_1', now() - interval '9 days', now() - $3::interval)`,
      [operatorId, content, ended],
    );
  const { purgeOnce } = createPurge({ pool, retention: { clicksMonths: 13, attemptsMonths: 13 } });
  assert.deepEqual(await purgeOnce(), { partitions: [], rows: 1 });
  const { rows } = await pool.query(
    `select content from content_holders where operator_id = $1 order by held_until`,
    [operatorId],
  );
  assert.deepEqual(
    rows.map(({ content }) => content),
    ['just over', 'held'],
  );
});

test('purging deletes sessions that have ended, and keeps the others', async () => {
  const { pool } = database;
  const sessions = createSessions(pool);
  for (const [name, minutes] of [
    ['ended', -1],
    ['lasting', 1],
  ] as const)
    await sessions.insert({
      tokenHash: Buffer.from(name),
      operatorId: null,
      keyId: null,
      affiliateId: null,
      scopes: [],
      expiresAt: new Date(Date.now() + minutes * 60_000),
    });
  const { purgeOnce } = createPurge({ pool, retention: { clicksMonths: 13, attemptsMonths: 13 } });
  assert.deepEqual(await purgeOnce(), { partitions: [], rows: 1 });
  const { rows } = await pool.query<{ name: string }>(
    `select convert_from(token_hash, 'utf8') as name from sessions`,
  );
  assert.deepEqual(rows, [{ name: 'lasting' }]);
});

test('purging deletes entries of the audit log after two years', async () => {
  const { pool } = database;
  const { operatorId } = await withOperator(pool);
  const auditLog = createAuditLog(pool);
  for (const [id, days] of [
    ['adt_old', 740],
    ['adt_young', 700],
  ] as const)
    await auditLog.add([
      {
        operatorId,
        id,
        at: new Date(Date.now() - days * 86_400_000),
        by: 'administrator',
        keyId: null,
        affiliateId: null,
        method: 'POST',
        route: '/v1/operators/:id/api-keys',
        subjectId: null,
      },
    ]);
  const { purgeOnce } = createPurge({ pool, retention: { clicksMonths: 13, attemptsMonths: 13 } });
  assert.deepEqual(await purgeOnce(), { partitions: [], rows: 1 });
  const left = await auditLog.list(
    operatorId,
    { by: null, keyId: null, resource: null, subjectId: null },
    { limit: 9, before: null },
  );
  assert.deepEqual(
    left.map(({ id }) => id),
    ['adt_young'],
  );
});

test('purging keeps the current month however short the retention', async () => {
  const before1 = await months();
  const { purgeOnce } = createPurge({
    pool: database.pool,
    retention: { clicksMonths: 1, attemptsMonths: 1 },
  });
  for (let step = 0; step < 5; step++) await purgeOnce();
  const now = await months();
  const current = `clicks_${new Date().toISOString().slice(0, 7).replace('-', '_')}`;
  assert.ok(now.includes(current) && before1.includes(current));
});
