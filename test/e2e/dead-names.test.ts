// Isolation of names: one operator has a hundred endpoints whose name servers are silent, and an
// event for them every second; the first tries of another operator's endpoint must not notice.
// On an idle machine, SECONDS=60 npm test -- test/e2e/dead-names.test.ts measures the full aim.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { SILENT, startNameServer, type NameServer } from '../support/name-server.ts';
import { withStack, type TestStack } from '../support/stack.ts';

const NAMES = 100;
const SECONDS = Number(process.env.SECONDS ?? 6);
/** Time between two events of the healthy operator. */
const EVERY_MS = 100;

type Affiliate = { click: string; endpointIds: string[] };

let stack: TestStack;
let receiver: FaultyReceiver;
let nameServer: NameServer;
/** Questions about each name when its endpoint was saved. */
let questionsBefore: number;
/** Operator with two affiliates: one whose names are well, and one whose names will die. */
let many: { key: string; well: Affiliate; dead: Affiliate };
let healthy: { key: string; affiliate: Affiliate };

const namesOf = (kind: string): string[] =>
  Array.from({ length: NAMES }, (_, index) => `${kind}-${index}.test`);

before(async () => {
  // TTL 0, and an answer that closes the connection: every try needs the name, every five seconds
  // from the name server.
  nameServer = await startNameServer({}, () => ({ a: ['127.0.0.1'], ttl: 0 }));
  [stack, receiver] = await Promise.all([
    withStack({ NAME_SERVERS: nameServer.address }),
    startReceiver({ handler: (_, response) => response.setHeader('connection', 'close').end() }),
  ]);
  const key = await newOperator();
  many = {
    key,
    well: await newAffiliate(key, namesOf('well')),
    dead: await newAffiliate(key, namesOf('dead')),
  };
  const other = await newOperator();
  healthy = { key: other, affiliate: await newAffiliate(other, ['good.test']) };
  for (const name of namesOf('dead')) nameServer.names.set(name, SILENT);
  await stack.startWorker();
  questionsBefore = nameServer.count('dead-0.test');
});
after(async () => {
  await stack.close();
  await Promise.all([receiver.close(), nameServer.close()]);
});

async function made(path: string, body: object, key?: string): Promise<Record<string, string>> {
  const answer = await stack.call<Record<string, string>>(`POST /v1/${path}`, {
    body,
    ...(key !== undefined && { key }),
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}

async function newOperator(): Promise<string> {
  const { api_key: key } = await made('operators', { name: 'Test Broker', currency: 'USD' });
  const components = [{ kind: 'percent', on: 'sale', percent: '10' }];
  await made('deals', { name: 'Standard', terms: { components } }, key);
  return key!;
}

async function newAffiliate(key: string, names: readonly string[]): Promise<Affiliate> {
  const { id: affiliateId } = await made('affiliates', { name: names[0] }, key);
  const endpointIds: string[] = [];
  for (const name of names) {
    const url = `http://${name}:${receiver.port}/${name}`;
    endpointIds.push((await made('endpoints', { affiliate_id: affiliateId, url }, key))['id']!);
  }
  return { click: (await made('clicks', { affiliate_id: affiliateId }, key))['click_id']!, endpointIds };
}

let sent = 0;
const sentAt = new Map<string, number>();

async function send(key: string, click: string): Promise<void> {
  const id = `t-${++sent}`;
  sentAt.set(id, Date.now());
  const event = {
    event: 'sale',
    transaction_id: id,
    customer_id: id,
    click_id: click,
    amount: '10.00',
    currency: 'USD',
  };
  assert.equal((await stack.call('POST /v1/events', { key, body: event })).status, 202);
}

/**
 * Sends events of both operators side by side; returns the latencies of the healthy operator's
 * postbacks in milliseconds, sorted.
 */
async function round({ click }: Affiliate, seconds = SECONDS): Promise<number[]> {
  receiver.requests.length = 0;
  const count = (seconds * 1000) / EVERY_MS;
  for (let number = 0; number < count; number++) {
    if (number % (1000 / EVERY_MS) === 0) await send(many.key, click);
    await Promise.all([send(healthy.key, healthy.affiliate.click), pause(EVERY_MS)]);
  }
  const arrived = await eventually(
    "the healthy operator's postbacks to arrive",
    () => {
      const good = receiver.requests.filter(({ path }) => path === '/good.test');
      return good.length >= count && good;
    },
    60_000,
  );
  return arrived
    .map(({ body, receivedAtMs }) => {
      const { data } = JSON.parse(body) as { data: { transaction_id: string } };
      return receivedAtMs - sentAt.get(data.transaction_id)!;
    })
    .toSorted((a, b) => a - b);
}

type Try = { cause: string; error: string | null; ms: number };

async function triesOf(endpointIds: readonly string[]): Promise<Try[]> {
  const { rows } = await stack.pool.query<Try>(
    `select a.cause, a.error_class as error, a.duration_ms as ms
       from attempts a
       join deliveries d on d.operator_id = a.operator_id and d.id = a.delivery_id
      where d.endpoint_id = any ($1)`,
    [endpointIds],
  );
  return rows;
}

test(
  'a hundred silent names of one operator leave the first tries of another operator untouched',
  { timeout: 600_000 },
  async (t) => {
    await round(many.well, 2);
    const well = await round(many.well);
    const besideFrom = Date.now();
    const beside = await round(many.dead);
    const show = (sorted: readonly number[]): string =>
      `median ${sorted[sorted.length >> 1]} ms, p99 ${sorted[Math.ceil(sorted.length * 0.99) - 1]} ms`;
    t.diagnostic(`from event to receiver: well ${show(well)}; beside silent names ${show(beside)}`);

    const good = await triesOf(healthy.affiliate.endpointIds);
    assert.ok(good.length >= well.length + beside.length, `${good.length} tries`);
    t.diagnostic(`the attempts: ${show(good.map(({ ms }) => ms).toSorted((a, b) => a - b))}`);
    assert.deepEqual(
      good.filter(({ cause, error }) => cause !== 'first' || error !== null),
      [],
    );
    const dead = (await triesOf(many.dead.endpointIds)).filter(({ error }) => error === 'dns_error');
    const questions = Math.max(...namesOf('dead').map((name) => nameServer.count(name))) - questionsBefore;
    t.diagnostic(`${dead.length} tries at silent names, at most ${questions} questions about one`);
    // A look-up fails after some seconds. Later ones wait in the queue, where one asks for all.
    assert.ok(dead.length >= NAMES * 2, `${dead.length} tries`);
    assert.ok(dead.length <= NAMES * (5 + SECONDS / 10), `${dead.length} tries`);
    // A question is sent four times and lasts four seconds; pauses follow, of two seconds and more.
    const most = 4 * (1 + Math.ceil((Date.now() - besideFrom) / 6000));
    assert.ok(questions <= most, `${questions} questions about one name`);
  },
);
