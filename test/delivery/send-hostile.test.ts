// Attempts against receivers that stall, lie, flood and disconnect, before, in and after every
// phase: each ends in time, with the right class of error, reading no more of the answer than the
// limits allow.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createGuard } from '../../delivery/guard.ts';
import { createSender, DEFAULT_LIMITS } from '../../delivery/send.ts';
import type { PostbackRequest } from '../../delivery/send.ts';
import type { AttemptOutcome } from '../../domain/delivery/retry.ts';
import { startListener, startReceiver } from '../support/faulty-receiver.ts';
import { resolvingTo } from '../support/names.ts';

/** Short limits keep the suite quick; longer defaults follow the same rules. */
const SHORT = { dnsMs: 200, connectMs: 300, totalMs: 500 };
/** Delay that a busy machine may add. The test only needs an attempt to end. */
const GRACE_MS = 3000;

const guard = createGuard({ allowCidrs: ['127.0.0.0/8'], allowPorts: '*', requireHttps: false });
const receiver = await startReceiver({ remember: false });
const patient = createSender(guard);
const hasty = createSender(guard, SHORT);
after(async () => {
  await Promise.all([patient.close(), hasty.close()]);
  await receiver.close();
});

function at(path: string, body = '{}'): PostbackRequest {
  return { url: path.startsWith('/') ? receiver.url + path : path, method: 'POST', headers: {}, body };
}

/** The class of a failure, or the status of an answer. */
function said(outcome: AttemptOutcome): string | number {
  return outcome.kind === 'failed' ? outcome.errorClass : outcome.status;
}

const IN_HTTP: [string, string | number][] = [
  ['/hang', 'timeout'],
  ['/slow/5000', 'timeout'],
  ['/drip', 'timeout'],
  ['/drip-headers', 'timeout'],
  ['/informational', 'timeout'],
  ['/informational-flood', 'response_too_large'],
  ['/chunk-extensions', 'response_too_large'],
  ['/trailers', 'response_too_large'],
  ['/endless-headers', 'response_too_large'],
  ['/huge-header', 'response_too_large'],
  ['/reset', 'connection_reset'],
  ['/half-close', 'connection_reset'],
  ['/early-close', 'connection_reset'],
  ['/reset-in-head', 'connection_reset'],
  ['/reset-in-body', 'connection_reset'],
  ['/garbage', 'protocol_error'],
  ['/upgrade', 'protocol_error'],
];
for (const [path, expected] of IN_HTTP) {
  test(`an attempt at a receiver that does ${path} ends as ${expected}, in time`, async () => {
    const startedAt = performance.now();
    assert.equal(said(await hasty.send(at(path))), expected);
    assert.ok(performance.now() - startedAt < SHORT.totalMs + GRACE_MS);
  });
}

const BEFORE_HTTP: ['http' | 'https', Parameters<typeof startListener>[0], string | number, number][] = [
  ['http', 'silent', 'timeout', SHORT.totalMs],
  ['http', 'never-read', 'timeout', SHORT.totalMs],
  ['http', 'reset-at-once', 'connection_reset', 0],
  ['http', 'reset-in-request', 'connection_reset', 0],
  ['http', 'close-at-once', 'connection_reset', 0],
  ['http', 'answer-first', 200, 0],
  ['https', 'silent', 'timeout', SHORT.connectMs],
  ['https', 'slow-tls', 'timeout', SHORT.connectMs],
  ['https', 'reset-at-once', 'connection_reset', 0],
  ['https', 'reset-in-request', 'connection_reset', 0],
  ['https', 'close-at-once', 'connection_reset', 0],
  ['https', 'not-tls', 'tls_error', 0],
];
for (const [scheme, mode, expected, afterMs] of BEFORE_HTTP) {
  test(`an attempt over ${scheme} at a listener that is ${mode} ends as ${expected}, in time`, async () => {
    const listener = await startListener(mode);
    const startedAt = performance.now();
    // More than the buffers of a connection hold, so that a receiver that does not read blocks the
    // attempt.
    const outcome = await hasty.send(
      at(`${scheme}://127.0.0.1:${listener.port}/`, 'x'.repeat(DEFAULT_LIMITS.requestBytes)),
    );
    const tookMs = performance.now() - startedAt;
    await listener.close();
    assert.equal(said(outcome), expected, JSON.stringify(outcome));
    assert.ok(tookMs > afterMs - 20 && tookMs < afterMs + GRACE_MS, `${tookMs} ms`);
  });
}

test('an address that never answers leaves time for the next address of its name', async () => {
  const other = await startListener('not-tls');
  const swallowing = await startListener('silent', '127.0.0.2', other.port);
  const lookUp = resolvingTo('127.0.0.2', '127.0.0.1');
  const named = createSender(
    createGuard({ allowCidrs: ['127.0.0.0/8'], allowPorts: '*', requireHttps: false, lookUp }),
    SHORT,
  );
  const outcome = await named.send(at(`https://two.example:${other.port}/`));
  await Promise.all([named.close(), other.close(), swallowing.close()]);
  assert.deepEqual([said(outcome), outcome.dialled], ['tls_error', `127.0.0.1:${other.port}`]);
});

test('an answer with an endless body counts by its status, read only up to the limit', async () => {
  const outcome = await patient.send(at('/endless-body'));
  assert.ok(outcome.kind === 'answered');
  assert.deepEqual([outcome.status, outcome.excerpt], [200, 'z'.repeat(16 * 1024)]);
});

test('an answer in tiny chunks is put together', async () => {
  const outcome = await patient.send(at('/crumbs/1000'));
  assert.ok(outcome.kind === 'answered' && outcome.excerpt === 'c'.repeat(1000));
});

test('an answer with a gzip bomb is not decompressed', async () => {
  const outcome = await patient.send(at('/gzip-bomb'));
  assert.ok(outcome.kind === 'answered' && outcome.status === 200 && outcome.excerpt.length <= 16 * 1024);
});

test('an unsolicited answer is not taken as the answer of the next request', async () => {
  for (let count = 0; count < 20; count += 1) assert.equal(said(await patient.send(at('/twice'))), 200);
});

test('attempts at 200 hostile receivers end in time, disturb no other, and leave memory unchanged', async () => {
  const paths = IN_HTTP.map(([path]) => path).concat('/endless-body', '/gzip-bomb', '/crumbs/500');
  const heldBefore = heldBytes();
  let mostHeld = 0;
  const watching = setInterval(() => (mostHeld = Math.max(mostHeld, heldBytes())), 20);
  const startedAt = performance.now();
  const hostile = Array.from({ length: 200 }, (_, count) => hasty.send(at(paths[count % paths.length]!)));
  assert.equal(said(await patient.send(at('/ok/undisturbed'))), 200);
  await Promise.all(hostile);
  clearInterval(watching);
  assert.ok(performance.now() - startedAt < SHORT.totalMs + 3 * GRACE_MS);
  // Includes the receivers' own buffers, since they live in this process.
  assert.ok(mostHeld - heldBefore < 50_000_000, `${mostHeld - heldBefore} bytes more`);
});

/** Bytes held in buffers, on or off the heap; garbage of strings and objects does not count. */
function heldBytes(): number {
  return process.memoryUsage().arrayBuffers;
}
