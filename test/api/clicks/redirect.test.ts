// Redirects of links, the clicks that they count, and the capture script with its beacon.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Script } from 'node:vm';
import express from 'express';
import type { PublicLink } from '../../../store/attribution/links.ts';
import { createLinkCache } from '../../../api/clicks/link-cache.ts';
import { addRedirectRoutes } from '../../../api/clicks/redirect.routes.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { eventually } from '../../support/eventually.ts';

type Failure = { error: { code: string; issues?: { path: string; code: string }[] } };
type Body = Record<string, unknown> & { id: string };

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

let api: TestApi;
let key: string;
let affiliateId: string;

before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
  affiliateId = (await post('affiliates', { name: 'Bounty' })).id;
});
after(() => api.close());

async function post(path: string, body: object): Promise<Body> {
  const answer = await api.call<Body>(`POST /v1/${path}`, { key, body });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}

const newLink = (landingUrl: string, more: object = {}) =>
  post('links', { affiliate_id: affiliateId, landing_url: landingUrl, ...more });

async function follow(link: { id: string }, query = '', init: RequestInit = {}) {
  const headers = { 'user-agent': FIREFOX, ...(init.headers as Record<string, string> | undefined) };
  const response = await fetch(`${api.url}/c/${link.id}${query}`, { redirect: 'manual', ...init, headers });
  assert.equal(await response.text(), '');
  return {
    status: response.status,
    location: response.headers.get('location') ?? '',
    headers: response.headers,
  };
}

async function issuesOf(body: object): Promise<string[]> {
  const answer = await api.call<Failure>('POST /v1/links', {
    key,
    body: { affiliate_id: affiliateId, ...body },
  });
  assert.equal(answer.status, 400, JSON.stringify(answer.body));
  return (answer.body.error.issues ?? []).map(({ path, code }) => `${path} ${code}`);
}

const clicks = async () =>
  (await api.pool.query<{ n: number }>(`select count(*)::int as n from clicks`)).rows[0]?.n;
const clickIn = (location: string) => new URL(location).searchParams.get('click_id') ?? '';

describe('a link', () => {
  test('a link redirects to its landing page with click id and subs, keeping the page’s query and fragment', async () => {
    const landing = 'https://shop.example/a%20b?x=1&y=%2F+#top?z';
    const link = await newLink(landing, { params: { utm_source: 'a b&c' } });
    assert.equal(link['url'], `http://track.example/c/${link.id}`);
    const { status, location, headers } = await follow(link, '?sub1=x%26y&sub2=&other=1');
    assert.deepEqual([status, headers.get('cache-control')], [302, 'no-store']);
    assert.equal(headers.get('referrer-policy'), 'strict-origin-when-cross-origin');
    const clickId = clickIn(location);
    assert.equal(
      location,
      `https://shop.example/a%20b?x=1&y=%2F+&utm_source=a%20b%26c&click_id=${clickId}&sub1=x%26y#top?z`,
    );
    const { rows } = await api.pool.query(
      `select affiliate_id, link_id, sub1, sub2, is_bot from clicks where id = $1`,
      [clickId],
    );
    assert.deepEqual(rows, [
      { affiliate_id: affiliateId, link_id: link.id, sub1: 'x&y', sub2: null, is_bot: false },
    ]);
  });

  test('a link fills the macros of its landing page and of its parameters', async () => {
    const link = await newLink('https://shop.example/{sub1}/in?cid={click_id}&click_id={click_id}#/{sub2}', {
      params: { tag: '{affiliate_id}-{sub1}', click_id: '{click_id}' },
    });
    const { location } = await follow(link, '?sub1=a%2Fb&sub2=%3F%23');
    const clickId = clickIn(location);
    assert.match(clickId, /^clk_/);
    const own = `https://shop.example/a%2Fb/in?cid=${clickId}&click_id=${clickId}`;
    assert.equal(location, `${own}&tag=${affiliateId}-a%2Fb&sub1=a%2Fb&sub2=%3F%23#/%3F%23`);
  });

  test('a link is refused with an unknown macro, or with another value for click_id', async () => {
    const landing = 'https://shop.example/';
    assert.deepEqual(await issuesOf({ landing_url: `${landing}?a={payout}` }), ['landing_url unknown_macro']);
    assert.deepEqual(await issuesOf({ landing_url: `${landing}?click_id=1` }), [
      'landing_url reserved_parameter',
    ]);
    assert.deepEqual(await issuesOf({ landing_url: `${landing}#/page?click%5Fid=1` }), [
      'landing_url reserved_parameter',
    ]);
    const params = { a: '{colour}', click_id: 'x' };
    const expected = ['params.a unknown_macro', 'params.click_id reserved_parameter'];
    assert.deepEqual(await issuesOf({ landing_url: landing, params }), expected);
    assert.deepEqual(await issuesOf({ landing_url: landing, deep_link_hosts: ['https://x'] }), [
      'deep_link_hosts.0 invalid_host',
    ]);
  });

  test('a link is refused unless its landing page is an http or https URL', async () => {
    for (const landing of ['javascript:alert(1)', 'http://a b', 'http://a/\u0000', 'ftp://x', '//x', ''])
      assert.deepEqual(await issuesOf({ landing_url: landing }), ['landing_url invalid_url'], landing);
  });

  test('a link follows deep links only to its allowed hosts, and redirects to its landing page otherwise', async () => {
    const link = await newLink('https://shop.example/', {
      deep_link_hosts: ['shop.example', '*.Shop.example', 'other.example:8443'],
    });
    const leads = async (to: string, name = 'to') => {
      const { location } = await follow(link, `?${name}=${encodeURIComponent(to)}`);
      return location.replace(/click_id=clk_\w{26}/, 'click_id=…');
    };
    for (const [to, expected] of [
      ['https://shop.example/a?b=1#c', 'https://shop.example/a?b=1&click_id=…#c'],
      ['https://en.shop.example/{sub1}', 'https://en.shop.example/%7Bsub1%7D?click_id=…'],
      ['https://other.example:8443/', 'https://other.example:8443/?click_id=…'],
      ['https://other.example/', null],
      ['https://evilshop.example/', null],
      ['https://evil.example/?https://shop.example/', null],
      ['https://shop.example@evil.example/', null],
      ['https://u:p@shop.example/', null],
      ['https://evil.example\\@shop.example/', null],
      ['//shop.example/', null],
      ['javascript:alert(1)//shop.example', null],
      ['https://shop.example/\r\nset-cookie: a', null],
    ] as const)
      assert.equal(await leads(to), expected ?? 'https://shop.example/?click_id=…', to);
    assert.equal(await leads('https://shop.example/u', 'url'), 'https://shop.example/u?click_id=…');
  });

  test('counts the customers of a deep link copied from another affiliate’s landing for its own affiliate', async () => {
    const other = await newLink('https://shop.example/land');
    const copied = (await follow(other, '?sub1=theirs')).location;
    const link = await newLink('https://shop.example/', { deep_link_hosts: ['shop.example'] });
    const { location } = await follow(link, `?to=${encodeURIComponent(copied)}`);
    assert.match(location, /^https:\/\/shop\.example\/land\?click_id=clk_\w{26}$/);
    assert.notEqual(clickIn(location), clickIn(copied));
  });

  test('follows no deep link from an https landing page down to http', async () => {
    const link = await newLink('https://shop.example/', { deep_link_hosts: ['shop.example'] });
    const { location } = await follow(link, `?to=${encodeURIComponent('http://shop.example/a')}`);
    assert.match(location, /^https:\/\/shop\.example\/\?click_id=/);
  });

  test('a link redirects only after the click is durable', async () => {
    const signals = new EventEmitter();
    const stored = once(signals, 'stored');
    const visited = once(signals, 'visited');
    const link = {
      operatorId: 'opr_1',
      affiliateId: 'aff_1',
      clickChoice: 'last',
      deepLinkHosts: [],
      landingUrl: 'https://shop.example/',
      params: {},
    } as unknown as PublicLink;
    const visit = async (): Promise<void> => {
      signals.emit('visited');
      await stored;
    };
    const app = express();
    addRedirectRoutes(app, {
      linkCache: createLinkCache({ links: { findPublic: async () => link } }),
      clickWriter: { visit, seen: () => {} },
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      let isSentOn = false;
      const answer = fetch(`${url}/c/link_00000000000000000000000000`, { redirect: 'manual' });
      const sentOn = answer.then(() => (isSentOn = true));
      await visited;
      // When this later request is answered, an earlier one that does not wait is answered too.
      await fetch(`${url}/capture.js`);
      assert.equal(isSentOn, false);
      signals.emit('stored');
      await sentOn;
      assert.equal((await answer).status, 302);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test('a link counts no click for HEAD and prefetch requests', async () => {
    const link = await newLink('http://shop.example');
    const counted = await clicks();
    for (const init of [
      { method: 'HEAD' },
      { headers: { purpose: 'prefetch' } },
      { headers: { 'sec-purpose': 'prefetch;prerender' } },
      { headers: { 'x-moz': 'prefetch' } },
    ]) {
      const { status, location } = await follow(link, '?sub1=s', init);
      assert.deepEqual([status, location], [302, 'http://shop.example?sub1=s']);
    }
    assert.equal(await clicks(), counted);
  });

  test('a link marks the clicks of bots', async () => {
    const link = await newLink('http://shop.example/');
    for (const [agent, isBot] of [
      ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', true],
      ['facebookexternalhit/1.1', true],
      ['', true],
      [FIREFOX, false],
    ] as const) {
      const { location } = await follow(link, '', { headers: { 'user-agent': agent } });
      const { body } = await api.call(`GET /v1/clicks/${clickIn(location)}`, { key });
      assert.equal(body['bot'], isBot, agent);
    }
  });

  test('a link redirects despite an invalid sub', async () => {
    const link = await newLink('http://shop.example/?a');
    const odd = `?sub1=%00a%0d%0aset-cookie:b&sub2=${'%F0%9F%98%80'.repeat(600)}&sub3=1&sub3=2`;
    const { status, location } = await follow(link, odd);
    assert.equal(status, 302);
    const query = new URL(location).searchParams;
    const seen = [query.get('sub1'), Array.from(query.get('sub2') ?? '').length, query.get('sub3')];
    assert.deepEqual(seen, ['aset-cookie:b', 500, null]);
  });

  test('a link with an unknown id is answered 404, with a page for browsers', async () => {
    for (const id of ['%00', 'x', 'link_00000000000000000000000000']) {
      const page = await fetch(`${api.url}/c/${id}`, { headers: { accept: 'text/html,*/*' } });
      assert.deepEqual(
        [page.status, page.headers.get('content-type')],
        [404, 'text/html; charset=utf-8'],
        id,
      );
      assert.match(await page.text(), /leads nowhere/);
      const { status, body } = await api.call<Failure>(`GET /c/${id}`);
      assert.deepEqual([status, body.error.code], [404, 'not_found'], id);
    }
  });

  test('a link of an operator with first-click attribution passes the attribution window to the landing page', async () => {
    const other = await api.newOperator();
    await api.call('PATCH /v1/operator', {
      key: other.key,
      body: { click_choice: 'first', click_window_days: 7 },
    });
    const { body: affiliate } = await api.call<Body>('POST /v1/affiliates', {
      key: other.key,
      body: { name: 'A' },
    });
    const made = { affiliate_id: affiliate.id, landing_url: 'https://shop.example/' };
    const { body: link } = await api.call<Body>('POST /v1/links', { key: other.key, body: made });
    assert.equal(new URL((await follow(link)).location).searchParams.get('first_click_days'), '7');
  });
});

describe('the capture script', () => {
  test('the capture script is small, and is cached until it changes', async () => {
    const response = await fetch(`${api.url}/capture.js`);
    const text = await response.text();
    assert.ok(Buffer.byteLength(text) < 2048, `${Buffer.byteLength(text)} bytes`);
    assert.doesNotThrow(() => new Script(text));
    assert.match(response.headers.get('content-type') ?? '', /^text\/javascript/);
    assert.match(response.headers.get('cache-control') ?? '', /^public, max-age=\d{5,}/);
    const etag = response.headers.get('etag') ?? '';
    const again = await fetch(`${api.url}/capture.js`, { headers: { 'if-none-match': etag } });
    assert.deepEqual([again.status, await again.text()], [304, '']);
  });

  test('the beacon reports that a click reached the landing page; the first report counts', async () => {
    const { location } = await follow(await newLink('https://shop.example/'));
    const id = clickIn(location);
    const seenAt = async () => (await api.call(`GET /v1/clicks/${id}`, { key })).body['seen_at'];
    assert.equal(await seenAt(), null);
    const reportSeen = async (clickId: string) =>
      (await fetch(`${api.url}/c/${clickId}/seen`, { method: 'POST' })).status;
    assert.equal(await reportSeen(id), 204);
    const first = await eventually('the click to be seen', seenAt);
    const second = clickIn((await follow(await newLink('https://shop.example/'))).location);
    assert.deepEqual(
      [await reportSeen(id), await reportSeen('nonsense'), await reportSeen(second)],
      [204, 204, 204],
    );
    await eventually(
      'the second click to be seen',
      async () => (await api.call(`GET /v1/clicks/${second}`, { key })).body['seen_at'],
    );
    assert.equal(await seenAt(), first);
    const { body } = await api.call<{ data: Body[] }>('GET /v1/clicks?seen=true', { key });
    assert.deepEqual(
      body.data.map((click) => click.id),
      [second, id],
    );
  });
});
