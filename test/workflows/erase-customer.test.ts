// Erasing a customer over HTTP, by its workflow: nothing in the database says any more who it was,
// and money, attribution and books are as before.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { erasureWorkflowId } from '../../domain/keys.ts';
import { newId } from '../../store/db/ids.ts';
import { createWorkflowClient } from '../../workflows/client.ts';
import { withApi, type TestApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { recordHistory } from '../support/histories.ts';
import { auditOf } from '../support/settling.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';

type Row = Record<string, unknown> & { id: string };
type Erased = { id: string; state: string; events: number; deliveries: number };

/** Texts that came with the customer; none is to be found afterwards. */
const CUSTOMER = 'private-customer 42';
const PRIVATE = [CUSTOMER, 'private-mail', 'private-sub', 'private-reason', 'private-note'];
const OTHER = 'another customer';
/** Longer than what is sent by these tests takes. */
const SENDING_MS = 3000;

let harness: WorkflowHarness;
let api: TestApi;
let receiver: FaultyReceiver;
const held: (() => void)[] = [];
let [key, operatorId, affiliateId, linkId] = ['', '', '', ''];

before(async () => {
  // Repeats what it got, as some servers do in their answers.
  const handler: NonNullable<Parameters<typeof startReceiver>[0]>['handler'] = (request, response) => {
    const answer = () => response.writeHead(request.path.startsWith('/down') ? 503 : 200).end(request.body);
    if (request.path.startsWith('/waits')) held.push(answer);
    else answer();
  };
  [harness, receiver] = await Promise.all([
    withHarness({ erasureWaitMs: SENDING_MS }),
    startReceiver({ handler }),
  ]);
  api = await withApi({ harness });
  ({ key, id: operatorId } = await api.newOperator());
  const parent = await ask('POST /v1/affiliates', { name: 'Parent' });
  affiliateId = (await ask('POST /v1/affiliates', { name: 'Child', parent_id: parent.id })).id;
  const components = [
    { kind: 'cpa', on: 'ftd', amount: '200.00' },
    { kind: 'percent', on: 'sale', percent: '10' },
    {
      kind: 'revshare',
      tiers: { metric: 'ftd_count', mode: 'retroactive', steps: [{ from: '1', percent: '25' }] },
    },
  ];
  const terms = { components, overrides: [{ percent: '10' }] };
  await ask('POST /v1/deals', { name: 'Hybrid', affiliate_id: affiliateId, terms });
  linkId = (
    await ask('POST /v1/links', { affiliate_id: affiliateId, landing_url: 'https://broker.example/' })
  ).id;
  for (const path of ['ok', 'down'])
    await ask('POST /v1/endpoints', {
      affiliate_id: affiliateId,
      url: `${receiver.url}/${path}`,
      share_customer_id: true,
      schedule: [0, 3600],
    });
});
after(async () => {
  await api.close();
  await harness.close();
  await receiver.close();
});

async function ask<Body = Row>(request: string, body?: object, status?: number): Promise<Body> {
  const isOthers = body !== undefined && 'customer_id' in body && body.customer_id === OTHER;
  // Senders choose the ids of their requests; those of refused ones are kept elsewhere, for a day.
  const headers = status === undefined && !isOthers ? { 'x-request-id': 'private-sub' } : {};
  const answer = await api.call<Body>(request, { key, headers, ...(body && { body }) });
  if (status === undefined) assert.ok(answer.status < 300, `${request}: ${JSON.stringify(answer.body)}`);
  else assert.equal(answer.status, status, JSON.stringify(answer.body));
  return answer.body;
}

let sent = 0;
const event = (type: string, customerId: string, more: object = {}) => ({
  event: type,
  transaction_id: `t-${++sent}`,
  customer_id: customerId,
  amount: '100.00',
  currency: 'USD',
  sub1: 'private-sub',
  metadata: { mail: 'private-mail@example.com' },
  ...more,
});

/** Everything the system keeps of a customer, in every place where it is kept. */
async function liveThrough(customerId: string): Promise<string> {
  const click = async (sub5: string) =>
    (await ask<{ click_id: string }>('POST /v1/clicks', { link_id: linkId, sub5 })).click_id;
  const [clickId, laterClickId] = [await click('shared-sub'), await click('private-sub')];
  const money = { amount: '500.00', currency: 'USD' };
  const first = { customer_id: customerId, click_id: clickId, sub2: 'private-sub' };
  await ask('POST /v1/events', { event: 'registration', ...first });
  await ask('POST /v1/events', { event: 'ftd', ...first, ...money, transaction_id: customerId });
  const sale = event('sale', customerId, { click_id: laterClickId });
  const { id: saleId } = await ask('POST /v1/events', sale);
  await ask('POST /v1/events', { ...sale, amount: '99.00', metadata: { note: 'private-note' } }, 409);
  await ask('POST /v1/events', {
    ...event('sale', customerId),
    customer_id: undefined,
    click_id: clickId,
  });
  const other = event('sale', OTHER, { click_id: clickId, sub1: 'other-sub', metadata: null });
  await ask('POST /v1/events', { ...other, metadata: undefined });
  await ask('POST /v1/events', { ...other, customer_id: customerId }, 409);
  await ask('POST /v1/events', event('revenue', customerId));
  await settled();
  await ask(
    'POST /v1/events',
    event('refund', customerId, { reference: sale.transaction_id, amount: '10.00' }),
  );
  await ask(`POST /v1/events/${saleId}/amend`, {
    amount: '90.00',
    metadata: { note: 'private-note' },
    reason: `asked by ${customerId}`,
  });
  await ask(`POST /v1/customers/${encodeURIComponent(customerId)}/reassign`, {
    affiliate_id: affiliateId,
    from: '2026-01-01T00:00:00Z',
    reason: 'private-reason',
  });
  await settled();
  return sale.transaction_id;
}

const settled = () =>
  eventually('all to be settled, booked and tried', async () => {
    const { rows } = await harness.pool.query<{ rest: number }>(
      `select (select count(*)::int from events e where not exists (
           select from event_outcomes o where o.operator_id = e.operator_id and o.event_id = e.id))
         + (select count(*)::int from amendments where state = 'accepted')
         + (select count(*)::int from change_requests)
         + (select count(*)::int from deliveries where state = 'pending' and owner <> 'predecessor') as rest`,
    );
    return rows[0]!.rest === 0;
  });

/** The columns that hold texts or JSON, of all tables that are no partition. */
async function textColumns(): Promise<{ table: string; column: string }[]> {
  const { rows } = await harness.pool.query<{ table: string; column: string }>(
    `select c.table_name as table, c.column_name as column
     from information_schema.columns c
     join pg_class t on t.relname = c.table_name and t.relnamespace = 'public'::regnamespace
     where c.table_schema = 'public' and t.relkind in ('r', 'p') and not t.relispartition
       and c.data_type in ('text', 'json', 'jsonb', 'ARRAY', 'character varying')`,
  );
  return rows;
}

/** Where these texts are, as `table.column: how often`. */
async function found(texts: readonly string[]): Promise<string[]> {
  const places: string[] = [];
  for (const { table, column } of await textColumns()) {
    const { rows } = await harness.pool.query<{ count: number }>(
      `select count(*)::int from "${table}" r
       where exists (select from unnest($1::text[]) as wanted where position(wanted in r."${column}"::text) > 0)`,
      [texts],
    );
    if (rows[0]!.count > 0) places.push(`${table}.${column}: ${rows[0]!.count}`);
  }
  return places;
}

/** What must not change: money, and whose everything is. */
async function books(): Promise<string[]> {
  const { rows } = await harness.pool.query<{ row: string }>(
    `select 'transfer ' || t::text as row from transfers t
     union all select 'balance ' || b::text from balances b
     union all select 'outcome ' || o::text from event_outcomes o
     union all select 'fact ' || (to_jsonb(f) - 'customer')::text from slot_facts f
     union all select 'slot ' || (to_jsonb(s) - 'key')::text from slots s
     union all select 'binding ' || b.affiliate_id || b.event_id || b.since from bindings b
     union all select 'delivery ' || d.id || d.state || coalesce(d.owner, '') || d.tries from deliveries d
     order by 1`,
  );
  return rows.map(({ row }) => row);
}

async function erase(customerId: string): Promise<Erased> {
  const { id } = await ask(`POST /v1/customers/${encodeURIComponent(customerId)}/erase`, undefined, 202);
  return eventually('the erasure to be done', async () => {
    const now = await ask<Erased>(`GET /v1/erasures/${id}`);
    return now.state === 'done' && now;
  });
}

test('an erased customer is in no text of any table, and the books, deliveries and attribution are as before', async () => {
  const transactionId = await liveThrough(CUSTOMER);
  const kept = await found(PRIVATE);
  for (const table of [
    'events',
    'bindings',
    'clicks',
    'slots',
    'slot_facts',
    'deliveries',
    'attempts',
    'event_conflicts',
  ])
    assert.ok(
      kept.some((place) => place.startsWith(`${table}.`)),
      `the story left nothing in ${table}: ${kept.join(', ')}`,
    );
  const sums = await books();
  assert.deepEqual((await auditOf(harness.pool)).findings, []);

  const erased = await erase(CUSTOMER);
  assert.deepEqual(await found(PRIVATE), []);
  assert.equal(erased.events, 6);
  assert.ok(erased.deliveries >= 8, `${erased.deliveries} postbacks`);
  assert.deepEqual(await books(), sums);
  assert.deepEqual((await auditOf(harness.pool)).findings, []);
  // Who came by the same click keeps what it brought.
  const places = async (text: string) => new Set((await found([text])).map((place) => place.split(':')[0]!));
  const told = ['attempts.response_excerpt', 'deliveries.body'];
  assert.deepEqual(await places('shared-sub'), new Set([...told, 'bindings.sub5']));
  const known = ['bindings.customer_id', 'events.customer_id', 'events.subject'];
  assert.deepEqual(await places(OTHER), new Set([...told, ...known]));
  assert.equal((await api.call(`GET /v1/customers/${encodeURIComponent(CUSTOMER)}`, { key })).status, 404);
  await recordHistory(harness.temporal.client, erasureWorkflowId(erased.id), 'customer-erased');

  // Again: there is nothing left, and nothing changes.
  const again = await erase(CUSTOMER);
  assert.deepEqual([again.events, again.deliveries], [0, 0]);
  assert.deepEqual(await books(), sums);

  // A chargeback names the conversion; the customer that it names cannot be compared any more.
  const chargeback = event('chargeback', CUSTOMER, { reference: transactionId });
  const { id } = await ask('POST /v1/events', chargeback);
  await settled();
  assert.equal((await ask(`GET /v1/events/${id}`))['status'], 'settled');
  // Anything else is of a new customer, whom nothing binds.
  const { id: later } = await ask('POST /v1/events', event('sale', CUSTOMER));
  await settled();
  assert.equal((await ask(`GET /v1/events/${later}`))['status'], 'orphaned');
  assert.deepEqual((await auditOf(harness.pool)).findings, []);
});

test('the audit log says that a customer was erased, and not whom', async () => {
  const { id } = await erase('unknown');
  const entry = await eventually('the entry', async () => {
    const { data } = await ask<{ data: Record<string, unknown>[] }>(`GET /v1/audit-log?subject_id=${id}`);
    return data[0];
  });
  assert.equal(entry['route'], '/v1/customers/:customer_id/erase');
  assert.deepEqual(await found(['unknown']), []);
});

test('a customer of another operator with the same id stays', async () => {
  const other = await api.newOperator();
  await api.call('POST /v1/events', { key: other.key, body: event('sale', 'shared id') });
  await ask('POST /v1/events', event('sale', 'shared id'));
  await settled();
  await erase('shared id');
  const { rows } = await harness.pool.query<{ operator: string }>(
    `select operator_id as operator from events where customer_id = 'shared id'`,
  );
  assert.deepEqual(rows, [{ operator: other.id }]);
});

test('an erasure goes on over many pages of events, and the sweep starts one that has no workflow', async () => {
  const events = Array.from({ length: 250 }, () => event('sale', 'busy'));
  await ask('POST /v1/events/batch', { events });
  await settled();
  const { id } = await api.store.erasures.begin(operatorId, 'busy', 'key');
  assert.equal((await api.store.erasures.begin(operatorId, 'busy', 'key')).id, id, 'one at a time');
  assert.equal((await harness.testActivities.activities.sweepOnce()).jobs, 1);
  const result: unknown = await harness.temporal.client.workflow.getHandle(erasureWorkflowId(id)).result();
  assert.deepEqual(result, { state: 'done', events: 250, deliveries: 0 });
  assert.deepEqual(await found(['busy']), []);
  assert.equal(
    await harness.detailsOf(erasureWorkflowId(id)),
    '**done**: 250 events looked through, 0 postbacks emptied.',
  );
});

test('an erasure that PostgreSQL does not know, being put back to a moment before it, ends', async () => {
  const { client } = harness.temporal;
  const id = newId('ers');
  await createWorkflowClient(client).startJob(operatorId, { kind: 'erasure', id });
  const handle = client.workflow.getHandle(erasureWorkflowId(id));
  await eventually('it to end', async () => (await handle.describe()).status.name === 'COMPLETED');
});

test('what is being sent while it is erased leaves nothing in the answer that comes later', async () => {
  const { id } = await ask('POST /v1/affiliates', { name: 'Slow' });
  const endpoint = { affiliate_id: id, url: `${receiver.url}/waits`, share_customer_id: true };
  await ask('POST /v1/endpoints', endpoint);
  const click = { affiliate_id: id, click_id: 'slow', clicked_at: new Date(Date.now() - 1000).toISOString() };
  await ask('POST /v1/clicks', click);
  const sale = event('sale', 'impatient', { click_id: 'slow' });
  await ask('POST /v1/events', sale);
  await eventually('the postback to be on its way', () => held.length > 0);
  const { id: erasure } = await ask('POST /v1/customers/impatient/erase');
  const step = () => ask<Erased>(`GET /v1/erasures/${erasure}`);
  assert.equal(
    (await eventually('a step', async () => (await step()).deliveries > 0 && step())).state,
    'running',
  );
  for (const answer of held) answer();
  await eventually('the erasure to be done', async () => (await step()).state === 'done');
  const { rows } = await harness.pool.query<{ attempts: number }>(
    `select count(*)::int as attempts from attempts a join deliveries d on d.id = a.delivery_id
     where d.affiliate_id = $1`,
    [id],
  );
  assert.deepEqual(rows, [{ attempts: 1 }]);
  assert.deepEqual(await found(['impatient']), []);
});

test('events, answers and conflicts change in no other way than by an erasure', async () => {
  const refused = async (statement: string) =>
    assert.rejects(harness.pool.query(statement), /append-only/, statement);
  await refused(`update events set amount_minor = 1`);
  await refused(`update events set customer_id = 'somebody else'`);
  await refused(`update events set customer_id = null, occurred_at = now()`);
  await refused(`update events set id = id`);
  await refused(`update attempts set status_code = 200`);
  await refused(`update attempts set response_excerpt = 'ok'`);
  await refused(`update reassignments set affiliate_id = 'aff'`);
  await refused(`update event_conflicts set sent = '{"a":1}'`);
});
