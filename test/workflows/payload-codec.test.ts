// Payload codec: round trips, rotation, and histories that show nothing without the key.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Payload } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Client } from '@temporalio/client';
import { deliveryWorkflowId, setAsideWorkflowId } from '../../domain/keys.ts';
import { createSecretBox } from '../../store/db/secret-box.ts';
import { SIGNALS, STATUS_QUERY } from '../../workflows/contract.ts';
import { createPayloadCodec, createWireCodec } from '../../workflows/payload-codec.ts';
import type { SetAsideStatus } from '../../workflows/settle-set-aside.ts';
import { deliveriesOf } from '../support/deliveries.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver } from '../support/faulty-receiver.ts';
import { SECRET_BOX, withOperator } from '../support/operator.ts';
import { withHarness, type WorkflowHarness } from '../support/workflow-harness.ts';

const key = (id: string, byte: number) => ({ id, key: Buffer.alloc(32, byte) });
const codecOf = (...keys: ReturnType<typeof key>[]) => createPayloadCodec(createSecretBox(keys));
const text = (value: string): Payload => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(value)),
});
/** In comparable form: codecs may give other kinds of byte arrays. */
const plain = (payloads: readonly Payload[]) =>
  payloads.map(({ metadata, data }) => [
    Object.entries(metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString('hex')]),
    Buffer.from(data ?? []).toString('hex'),
  ]);

describe('the payload codec', () => {
  test('the codec gives every payload back as it was, and shows nothing of it meanwhile', async () => {
    const codec = codecOf(key('a', 1));
    const bytes = fc.uint8Array({ maxLength: 300 });
    const payload = fc.record({ metadata: fc.dictionary(fc.string(), bytes), data: bytes });
    await fc.assert(
      fc.asyncProperty(fc.array(payload, { maxLength: 4 }), async (payloads) => {
        const sealed = await codec.encode(payloads);
        for (const { metadata } of sealed)
          assert.deepEqual(Object.keys(metadata!), ['encoding'], 'only the encoding is readable');
        assert.deepEqual(plain(await codec.decode(sealed)), plain(payloads));
      }),
      { numRuns: 50 },
    );
    const [sealed] = await codec.encode([text('Northwind Media')]);
    assert.ok(!Buffer.from(sealed!.data!).includes('Northwind'));
    assert.equal(Buffer.from(sealed!.metadata!['encoding']!).toString(), 'binary/encrypted');
  });

  test('the codec decodes what an older key sealed, and payloads from before there was a key', async () => {
    const old = [text('sealed long ago')];
    const rotated = codecOf(key('new', 2), key('old', 1));
    assert.deepEqual(plain(await rotated.decode(await codecOf(key('old', 1)).encode(old))), plain(old));
    assert.deepEqual(plain(await rotated.decode(old)), plain(old));
    const [sealed] = await rotated.encode(old);
    assert.ok(Buffer.from(sealed!.data!).includes('new'), 'the first key seals');
  });

  test('the codec refuses a payload whose key it lacks, or that was changed', async () => {
    const sealed = await codecOf(key('lost', 3)).encode([text('x')]);
    await assert.rejects(codecOf(key('a', 1)).decode(sealed), /"lost", which this process was not given/);
    const data = Buffer.from(sealed[0]!.data!);
    data[data.length - 1]! ^= 1;
    await assert.rejects(codecOf(key('lost', 3)).decode([{ ...sealed[0]!, data }]), /was changed/);
  });

  test('the codec of a codec server has the same payloads in base64', async () => {
    const codec = createWireCodec(createPayloadCodec(SECRET_BOX));
    const payloads = [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'Im9wcl8wMSI=' }];
    const sealed = await codec.encode(payloads);
    assert.notDeepEqual(sealed, payloads);
    assert.deepEqual(await codec.decode(sealed), payloads);
    assert.deepEqual(await codec.decode(payloads), payloads);
  });
});

describe('with a payload codec', () => {
  const codec = createPayloadCodec(SECRET_BOX);
  let harness: WorkflowHarness;
  before(async () => {
    harness = await withHarness({}, { payloadCodecs: [codec] });
  });
  after(() => harness.close());

  test('histories fetched without the key show no sum, currency or id in their payloads, and the codec shows them', async () => {
    const { connection, namespace, client } = harness.temporal;
    const operator = await withOperator(harness.pool);
    const ids = await operator.ingest([{ currency: 'GBP', amountMinor: 1_250_00n }]);
    harness.dispatch(operator, ids);
    const workflowId = setAsideWorkflowId(operator.operatorId, 'no_exchange_rate');
    const handle = client.workflow.getHandle(workflowId);
    await eventually('the event to be shown', async () => {
      const answer = await handle.query<SetAsideStatus>(STATUS_QUERY).catch(() => null);
      return answer?.count === 1;
    });
    await handle.signal(SIGNALS.dismiss);
    assert.deepEqual(await handle.result(), { settled: 0, dismissed: 1 });

    const raw = new Client({ connection, namespace });
    const history = await raw.workflow.getHandle(workflowId).fetchHistory();
    const sealed = payloadsIn(JSON.parse(historyToJSON(history)));
    assert.ok(sealed.length >= 5, `${sealed.length} payloads`);
    const read = (payloads: readonly Payload[]) =>
      payloads.map(({ data }) => Buffer.from(data ?? []).toString()).join('\n');
    for (const secret of ['1,250.00', 'GBP', ids[0]!, 'no_exchange_rate', 'events set aside'])
      assert.ok(!read(sealed).includes(secret), `${secret} is readable`);
    const opened = read(await codec.decode(sealed));
    for (const secret of ['1,250.00 GBP', ids[0]!, 'events set aside: no_exchange_rate'])
      assert.ok(opened.includes(secret), `${secret} is not decoded`);
    const { memo, searchAttributes } = await raw.workflow.getHandle(workflowId).describe();
    assert.deepEqual(memo ?? {}, {});
    assert.deepEqual(
      searchAttributes['LastError'],
      ['no_exchange_rate'],
      'attributes are searched, so readable',
    );
  });
});

test('with a payload codec neither the history nor the search attributes of a stuck postback show a name', async (t) => {
  const codec = createPayloadCodec(SECRET_BOX);
  const harness = await withHarness({}, { payloadCodecs: [codec] });
  t.after(() => harness.close());
  const { connection, namespace } = harness.temporal;
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const operator = await withOperator(harness.pool);
  await operator.addEndpoint(`${receiver.url}/status/503`, { schedule: [0, 3600], name: 'Night tracker' });
  harness.dispatch(operator, await operator.ingestSales(1));
  const [delivery] = await eventually('the postback to be stuck', async () => {
    const rows = await deliveriesOf(harness.pool, operator);
    return rows[0]?.owner === 'self' && rows;
  });
  const raw = new Client({ connection, namespace });
  const workflowId = deliveryWorkflowId(delivery!.id);
  const { searchAttributes } = await eventually('the postback to be shown', async () => {
    const described = await raw.workflow
      .getHandle(workflowId)
      .describe()
      .catch(() => null);
    return described?.searchAttributes['StuckSince'] !== undefined && described;
  });
  assert.deepEqual(searchAttributes['AffiliateId'], [operator.affiliateId]);
  const host = new URL(receiver.url).host;
  const names = ['Test Media', 'Night tracker', host];
  const shown = JSON.stringify(searchAttributes);
  const history = await raw.workflow.getHandle(workflowId).fetchHistory();
  const json = historyToJSON(history);
  const sealed = payloadsIn(JSON.parse(json));
  const readable = [shown, json, ...sealed.map(({ data }) => Buffer.from(data ?? []).toString())].join('\n');
  for (const name of names) assert.ok(!readable.includes(name), `${name} is readable`);
  const opened = (await codec.decode(sealed))
    .map(({ data }) => Buffer.from(data ?? []).toString())
    .join('\n');
  for (const name of names) assert.ok(opened.includes(name), `${name} is not decoded`);
  const details = await harness.detailsOf(workflowId);
  for (const name of names) assert.ok(details.includes(name), `${name} is not in the details`);
});

/** Every payload of a history but those of search attributes. */
function payloadsIn(value: unknown, name = ''): Payload[] {
  if (typeof value !== 'object' || value === null || name === 'searchAttributes') return [];
  const { metadata, data } = value as { metadata?: Record<string, string>; data?: string };
  if (metadata?.['encoding'] !== undefined)
    return [
      {
        metadata: Object.fromEntries(
          Object.entries(metadata).map(([each, bytes]) => [each, Buffer.from(bytes, 'base64')]),
        ),
        data: Buffer.from(data ?? '', 'base64'),
      },
    ];
  return Object.entries(value).flatMap(([each, inner]) => payloadsIn(inner, each));
}
