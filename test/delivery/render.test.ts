// The request for one attempt: its content, its valid signature, and own headers that cannot
// replace ours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerProblems, render } from '../../delivery/render.ts';
import type { Recipient } from '../../delivery/render.ts';
import { contentOfGet, newSecret, secretKey, verify } from '../../delivery/sign.ts';
import type { PostbackRequest } from '../../delivery/send.ts';

const NOW_MS = Date.parse('2026-11-22T10:00:00.900Z');
const DATA = {
  event: 'ftd',
  event_id: 'evt_1',
  click_id: 'a b&c',
  payout: '200.00',
  sub1: null,
  nested: { x: 1 },
};
const BODY = JSON.stringify({ type: 'conversion.created', timestamp: '2026-11-22T09:59:58Z', data: DATA });
const POSTBACK = { id: 'dlv_1', type: 'conversion.created', body: BODY, try: 2 };
const SECRETS = [secretKey(newSecret())];

function to(recipient: Partial<Recipient>): Recipient {
  return {
    url: 'https://a.example/in',
    method: 'POST',
    body: 'json',
    headers: {},
    signing: 'v1',
    secrets: SECRETS,
    ...recipient,
  };
}

function isValid({ headers }: PostbackRequest, content: string): boolean {
  const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map(
    (name) => headers[`webhook-${name}`] ?? '',
  );
  return (
    verify({
      id: id ?? '',
      timestamp: timestamp ?? '',
      signature: signature ?? '',
      content,
      secrets: SECRETS,
      nowMs: NOW_MS,
    }) === 'valid'
  );
}

test('a POST carries the stored body, character by character, and a signature over it', () => {
  const request = render(POSTBACK, to({}), NOW_MS);
  assert.deepEqual([request.method, request.url, request.body], ['POST', 'https://a.example/in', BODY]);
  assert.equal(request.headers['content-type'], 'application/json');
  assert.equal(request.headers['webhook-id'], 'dlv_1');
  assert.equal(request.headers['webhook-timestamp'], '1795341600');
  assert.equal(request.headers['webhook-attempt'], '2');
  assert.match(request.headers['user-agent'] ?? '', /^Postrider\/\d+\.\d+\.\d+$/);
  assert.ok(isValid(request, BODY));
});

test('a GET fills the macros, has no body, and is signed over the URL as it goes out', () => {
  const url =
    'https://A.example:443/{event}?c={click_id}&t={event_type}&d={delivery_id}&at={timestamp}&s={sub1}#x';
  const request = render(POSTBACK, to({ method: 'GET', url }), NOW_MS);
  const query = 'c=a%20b%26c&t=conversion.created&d=dlv_1&at=2026-11-22T09%3A59%3A58Z&s=';
  assert.equal(request.url, `https://a.example/ftd?${query}`);
  assert.equal(request.body, null);
  assert.equal(request.headers['content-type'], undefined);
  assert.ok(isValid(request, contentOfGet(request.url)));
});

test('a POST may also have macros in its URL', () => {
  assert.equal(
    render(POSTBACK, to({ url: 'https://a.example/{event_id}' }), NOW_MS).url,
    'https://a.example/evt_1',
  );
});

test('a form carries the fields of data and envelope, without empty ones', () => {
  const request = render(POSTBACK, to({ body: 'form' }), NOW_MS);
  assert.equal(request.headers['content-type'], 'application/x-www-form-urlencoded');
  assert.deepEqual(Object.fromEntries(new URLSearchParams(request.body ?? '')), {
    event: 'ftd',
    event_id: 'evt_1',
    click_id: 'a b&c',
    payout: '200.00',
    event_type: 'conversion.created',
    delivery_id: 'dlv_1',
    timestamp: '2026-11-22T09:59:58Z',
  });
  assert.ok(isValid(request, request.body ?? ''));
});

test('a form with fields of its own has only these, in their order', () => {
  const form = {
    cid: '{click_id}',
    paid: '{payout:minor}',
    kind: 'type={event}',
    sub: '{sub1|none}',
    'a b&': '1',
  };
  const request = render(POSTBACK, to({ body: 'form', form }), NOW_MS);
  assert.equal(request.body, 'cid=a+b%26c&paid=20000&kind=type%3Dftd&sub=none&a+b%26=1');
  assert.ok(isValid(request, request.body ?? ''));
});

test('macros in the headers of an endpoint are filled as visible ASCII', () => {
  const headers = { 'X-Click': '{click_id}', authorization: 'Bearer {sub1|none}', 'x-at': '{timestamp}' };
  const { headers: sent } = render(POSTBACK, to({ headers }), NOW_MS);
  assert.deepEqual(
    [sent['X-Click'], sent['authorization'], sent['x-at']],
    ['a%20b&c', 'Bearer none', '2026-11-22T09:59:58Z'],
  );
});

test('a header saved before headers had macros is sent unchanged', () => {
  const headers = { 'x-json': '{"a": 1}', 'x-open': '{' };
  const { headers: sent } = render(POSTBACK, to({ headers }), NOW_MS);
  assert.deepEqual([sent['x-json'], sent['x-open']], ['{"a": 1}', '{']);
});

test('an endpoint without signing gets no signature', () => {
  assert.equal(render(POSTBACK, to({ signing: 'none' }), NOW_MS).headers['webhook-signature'], undefined);
});

test("an endpoint's own headers are added, but never replace ours", () => {
  const headers = {
    'X-Token': 't',
    'Webhook-Id': 'forged',
    HOST: 'other',
    'Content-Type': 'text/plain',
    'transfer-encoding': 'chunked',
  };
  const request = render(POSTBACK, to({ headers }), NOW_MS);
  assert.equal(request.headers['X-Token'], 't');
  assert.deepEqual(
    [request.headers['webhook-id'], request.headers['content-type']],
    ['dlv_1', 'application/json'],
  );
  for (const name of ['x-token', 'host', 'HOST', 'transfer-encoding', 'Webhook-Id', 'Content-Type'])
    assert.equal(request.headers[name], undefined, name);
});

test('invalid headers are refused when they are saved', () => {
  assert.deepEqual(headerProblems({ authorization: 'Bearer x', 'X-Token': 'a b' }), []);
  const reserved = [
    'Host',
    'connection',
    'Content-Length',
    'webhook-id',
    'Webhook-Anything',
    'proxy-authorization',
    'TE',
    'accept-encoding',
  ];
  for (const name of reserved) assert.equal(headerProblems({ [name]: 'x' })[0]?.name, name);
  for (const name of ['', 'a b', 'a:b', 'a\r\n', 'ž'])
    assert.equal(headerProblems({ [name]: 'x' }).length, 1, JSON.stringify(name));
  for (const value of ['', ' x', 'x\r\ny: z', 'x\0', 'ž', 'x'.repeat(5000)])
    assert.equal(headerProblems({ 'x-a': value }).length, 1);
  assert.equal(headerProblems({ 'x-a': '1', 'X-A': '2' }).length, 2);
  assert.equal(
    headerProblems(Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`x-${at}`, '1']))).length,
    1,
  );
});

test('a broken stored template is an error and sends no request', () => {
  assert.throws(
    () => render(POSTBACK, to({ url: 'https://a.example/?c={clickid}' }), NOW_MS),
    /there is no macro \{clickid\}/,
  );
});
