// Tests the bundled receiver: signatures, counters, pages, and its state over a restart.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { contentOfGet, newSecret, secretKey, signatureHeader } from '../../delivery/sign.ts';
import { addDecimals } from '../../local/inbox.ts';
import { startReceiver, type Receiver } from '../../local/receiver.ts';

const secret = newSecret();
let dataDir: string;
let receiver: Receiver;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'receiver-'));
  receiver = await startReceiver({ host: '127.0.0.1', port: 0, dataDir });
});

after(async () => {
  await receiver.close();
  await rm(dataDir, { recursive: true });
});

function signed(id: string, content: string, key = secret): Record<string, string> {
  const timestampSeconds = Math.floor(Date.now() / 1000);
  const signature = signatureHeader({ id, timestampSeconds, content, secrets: [secretKey(key)] });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signature,
    'webhook-attempt': '1',
  };
}

function postback(payoutDelta: string, event = 'ftd'): string {
  return JSON.stringify({
    type: 'conversion.created',
    data: { event, payout_delta: payoutDelta, payout_currency: 'USD', click_id: '<b>"' },
  });
}

async function post(path: string, body: string, headers: Record<string, string>): Promise<number> {
  const sent = { ...headers, 'content-type': 'application/json' };
  const response = await fetch(receiver.url + path, {
    method: 'POST',
    body,
    headers: sent,
    redirect: 'manual',
  });
  await response.text();
  return response.status;
}

async function register(name: string): Promise<void> {
  const response = await fetch(`${receiver.url}/secrets/${name}`, {
    method: 'PUT',
    body: JSON.stringify({ secret }),
  });
  assert.equal(response.status, 204);
}

async function overview(): Promise<string> {
  return (await fetch(receiver.url)).text();
}

async function json(path: string): Promise<unknown> {
  return (await fetch(receiver.url + path)).json();
}

describe('the bundled receiver', () => {
  test('the bundled receiver counts a repeated postback once and sums payouts exactly', async () => {
    await register('adds-up');
    for (const [id, delta] of [
      ['dlv_1', '0.10'],
      ['dlv_2', '0.20'],
      ['dlv_2', '0.20'],
      ['dlv_3', '-200.05'],
    ] as const) {
      assert.equal(await post('/postbacks/adds-up', postback(delta), signed(id, postback(delta))), 200);
    }
    const stats = (await json('/stats')) as Record<string, unknown>;
    assert.deepEqual(stats['adds-up'], {
      received: 4,
      distinct: 3,
      doubled: 1,
      unchecked: 0,
      bad_signatures: 0,
      payouts: { USD: '-199.75' },
    });
    const received = (await json('/received?name=adds-up')) as { id: string; body: string }[];
    assert.deepEqual(
      received.map(({ id }) => id),
      ['dlv_3', 'dlv_2', 'dlv_2', 'dlv_1'],
    );
    assert.equal(received[0]?.body, postback('-200.05'));
  });

  test('the bundled receiver reads a GET postback from its query, signed over the whole URL', async () => {
    await register('by-get');
    const query = 'event_type=conversion.created&payout_delta=14.00&payout_currency=EUR&click_id=a%26b';
    const url = `${receiver.url}/postbacks/by-get?${query}`;
    const response = await fetch(url, {
      headers: { ...signed('dlv_g', contentOfGet(url)), 'content-type': 'application/json' },
    });
    assert.equal(response.status, 200);
    const [received] = (await json('/received?name=by-get')) as {
      type: string;
      data: Record<string, string>;
    }[];
    assert.equal(received?.type, 'conversion.created');
    assert.equal(received.data['click_id'], 'a&b');
  });

  test('the bundled receiver refuses and counts a wrong signature', async () => {
    await register('strict');
    assert.equal(
      await post('/postbacks/strict', postback('1.00'), signed('dlv_x', postback('1.00'), newSecret())),
      401,
    );
    assert.equal(await post('/postbacks/strict', postback('9.00'), signed('dlv_x', postback('1.00'))), 401);
    const stats = (await json('/stats')) as Record<string, unknown>;
    assert.deepEqual(stats['strict'], {
      received: 0,
      distinct: 0,
      doubled: 0,
      unchecked: 0,
      bad_signatures: 2,
      payouts: {},
    });
    const page = await (await fetch(receiver.url)).text();
    assert.match(page, /Every signature is checked, as/);
    assert.match(page, /0 postbacks with a valid signature, 0 doubled, .*2 refused for a bad signature/);
  });

  test('the bundled receiver takes postbacks to an unknown name, and says whether they fit once it has the secret', async () => {
    const fits = postback('1.00');
    const forged = postback('7.00');
    assert.equal(await post('/postbacks/my-own', fits, signed('dlv_m', fits)), 200);
    assert.equal(await post('/postbacks/my-own', forged, signed('dlv_n', forged, newSecret())), 200);
    assert.match(await overview(), /2 postbacks whose signatures are not checked/);
    const answer = await fetch(`${receiver.url}/secrets/my-own`, {
      method: 'POST',
      body: new URLSearchParams({ secret: ` ${secret}\n` }),
      redirect: 'manual',
    });
    assert.deepEqual([answer.status, answer.headers.get('location')], [303, '/']);
    const received = (await json('/received?name=my-own')) as { id: string; verdict: string }[];
    assert.deepEqual(
      received.map(({ id, verdict }) => [id, verdict]),
      [
        ['dlv_n', 'bad signature'],
        ['dlv_m', 'valid'],
      ],
    );
    const page = await overview();
    assert.match(
      page,
      /<h2>my-own<\/h2>\n<p>1 postback with a valid signature, .*1 refused for a bad signature/,
    );
    assert.match(page, /<code>dlv_n<\/code><\/td><td><span class="bad">does not fit/);
    assert.equal(await post('/postbacks/my-own', forged, signed('dlv_o', forged, newSecret())), 401);
    for (const name of ['a%2Fb', '', '<b>']) assert.equal(await post(`/postbacks/${name}`, fits, {}), 404);
  });

  test('the bundled receiver takes at most a hundred unknown names', async () => {
    const answers = new Map<number, number>();
    for (let index = 0; index < 110; index++) {
      const status = await post(`/postbacks/flood-${index}`, postback('1.00'), {});
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
    assert.ok(answers.get(404)! >= 10 && answers.get(200)! >= 90, JSON.stringify([...answers]));
    await fetch(`${receiver.url}/received`, { method: 'DELETE' });
  });

  test('the bundled receiver refuses an invalid secret, and a name that is a path', async () => {
    for (const [path, body] of [
      ['/secrets/ok', '{"secret":"short"}'],
      ['/secrets/a%2Fb', JSON.stringify({ secret })],
      ['/secrets/ok', 'no json'],
    ] as const) {
      assert.equal((await fetch(receiver.url + path, { method: 'PUT', body })).status, 400);
    }
  });

  test('the bundled receiver escapes outside values on its pages', async () => {
    await register('escaping');
    const hostile = postback('1.00', '<script>alert(1)</script>');
    await post('/postbacks/escaping', hostile, signed('dlv_h', hostile));
    for (const path of ['/', '/landing?click_id=%3Cscript%3E&%3Cscript%3E=1']) {
      const html = await (await fetch(receiver.url + path)).text();
      assert.ok(html.includes('&#60;script&#62;'), path);
      assert.ok(!html.includes('<script'), path);
    }
  });

  test('the bundled receiver answers 503 under /failing until healed, and keeps its state over a restart', async () => {
    await register('stuck');
    const headers = signed('dlv_s', postback('1.00'));
    assert.equal(await post('/failing/stuck', postback('1.00'), headers), 503);
    await post('/heal', '', {});
    assert.equal(await post('/failing/stuck', postback('1.00'), headers), 200);
    await receiver.close();
    receiver = await startReceiver({ host: '127.0.0.1', port: 0, dataDir });
    assert.equal(await post('/failing/stuck', postback('1.00'), headers), 200);
  });
});

test('the bundled receiver adds decimals exactly', () => {
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 15n), 10n ** 15n), fc.bigInt(-(10n ** 15n), 10n ** 15n), (a, b) => {
      const cents = (text: string) => BigInt(text.replace('.', ''));
      const decimal = (n: bigint) =>
        addDecimals('0.00', `${n < 0n ? '-' : ''}0.${String(n < 0n ? -n : n).padStart(2, '0')}`);
      const [x, y] = [decimal(a % 100n), decimal(b % 100n)];
      assert.equal(cents(addDecimals(x, y)), cents(x) + cents(y));
      assert.equal(addDecimals(String(a), String(b)), String(a + b));
    }),
  );
  assert.equal(addDecimals('0.10', '-0.3'), '-0.20');
  assert.equal(addDecimals('1', '0.999'), '1.999');
});
