// The capture script in a real browser: from the landing page over other pages to the registration,
// on a site with subdomains. Skipped, and said so, where there is no Chromium.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { withApi, type TestApi } from '../../support/api.ts';
import { noBrowser, startBrowser } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';

type Body = Record<string, unknown> & { id: string };

describe('the capture script', { skip: noBrowser }, () => {
  let api: TestApi;
  let site: Server;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let port: number;
  let key: string;
  let link: { id: string };
  let firstClickLink: { id: string };

  before(async () => {
    api = await withApi();
    site = createServer((_, res) => {
      res.setHeader('content-type', 'text/html');
      res.end(`<!doctype html><title>Shop</title><script src="${api.url}/capture.js" async></script>
        <form><input type="hidden" name="click_id"><input type="hidden" name="tracking" data-postrider></form>`);
    });
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    port = (site.address() as AddressInfo).port;
    // Names of the site lead to this machine.
    browser = await startBrowser('--host-resolver-rules=MAP *.shop.example 127.0.0.1');
    const made = await addLink({});
    ({ key, link } = made);
    ({ link: firstClickLink } = await addLink({ click_choice: 'first', click_window_days: 7 }));
  });
  after(async () => {
    await browser?.close();
    site?.close();
    site?.closeAllConnections();
    await api?.close();
  });

  /** A link of an operator with these settings. */
  async function addLink(settings: object): Promise<{ key: string; link: Body }> {
    const { key: own } = await api.newOperator();
    await api.call('PATCH /v1/operator', { key: own, body: settings });
    const { body: affiliate } = await api.call<Body>('POST /v1/affiliates', {
      key: own,
      body: { name: 'A' },
    });
    const made = { affiliate_id: affiliate.id, landing_url: urlOf('www', '/landing') };
    return { key: own, link: (await api.call<Body>('POST /v1/links', { key: own, body: made })).body };
  }

  const urlOf = (host: string, path: string) => `http://${host}.shop.example:${port}${path}`;

  /** A new visitor: a browser context without cookies and storage. */
  async function newVisitor(): Promise<void> {
    await context?.close();
    context = await browser.newContext();
    page = await context.newPage();
  }

  /** Opens a page and returns the click id that its own code, and its form, get there. */
  async function idAt(url: string): Promise<string | null> {
    await page.goto(url);
    await page.waitForFunction('window.postrider');
    const [id, ...fields] = await page.evaluate<(string | null)[]>(
      `[postrider.click_id, ...[...document.querySelectorAll('input')].map((input) => input.value || null)]`,
    );
    assert.deepEqual(fields, [id, id], 'both fields hold it');
    return id ?? null;
  }

  /** Follows the affiliate's link and gives the new click's id. */
  async function click(followed = link): Promise<string> {
    await idAt(`${api.url}/c/${followed.id}`);
    return new URL(page.url()).searchParams.get('click_id') ?? '';
  }

  test('the capture script provides the click id on the landing page, other pages, and a registration opened directly', async () => {
    await newVisitor();
    assert.equal(await idAt(urlOf('www', '/register')), null);
    const id = await click();
    assert.match(id, /^clk_/);
    assert.equal(await idAt(urlOf('www', '/pricing')), id);
    await page.close();
    page = await context.newPage();
    assert.equal(await idAt(urlOf('app', '/register')), id, 'on another subdomain, in another tab');
    const [cookie] = await context.cookies(urlOf('app', '/'));
    assert.deepEqual(
      [cookie?.name, cookie?.value, cookie?.domain],
      ['postrider_click_id', id, '.shop.example'],
    );
    const days = (cookie!.expires - Date.now() / 1000) / 86_400;
    assert.ok(days > 89.9 && days <= 90.1, `${days} days`);
    await eventually(
      'the click to have come back',
      async () => (await api.call(`GET /v1/clicks/${id}`, { key })).body['seen_at'],
    );
  });

  test('the capture script keeps the click id after the loss of either the cookie or local storage', async () => {
    await newVisitor();
    const id = await click();
    await context.clearCookies();
    assert.equal(await idAt(urlOf('www', '/register')), id);
    assert.equal((await context.cookies(urlOf('app', '/')))[0]?.value, id, 'and has a cookie again');
    await page.evaluate('localStorage.clear()');
    assert.equal(await idAt(urlOf('www', '/register')), id);
  });

  test('the capture script fills forms that a page adds later', async () => {
    await newVisitor();
    const id = await click();
    await page.evaluate(
      `document.body.insertAdjacentHTML('beforeend', '<form><input type="hidden" name="click_id" id="late"></form>')`,
    );
    await page.waitForFunction(`document.getElementById('late').value === '${id}'`);
  });

  test('the capture script keeps the last click, or the first one within its window under first-click attribution', async () => {
    await newVisitor();
    const first = await click();
    const last = await click();
    assert.notEqual(last, first);
    assert.equal(await idAt(urlOf('www', '/register')), last);
    await newVisitor();
    const kept = await click(firstClickLink);
    await click(firstClickLink);
    assert.equal(await idAt(urlOf('www', '/register')), kept);
    const weekAgo = Date.now() - 7 * 86_400_000;
    await page.evaluate(`localStorage.setItem('postrider_click_id', '${weekAgo} ${kept}')`);
    const next = await click(firstClickLink);
    assert.equal(await idAt(urlOf('www', '/register')), next);
  });

  test('the capture script forgets a click after 90 days, and ignores invalid stored values without an error', async () => {
    await newVisitor();
    const errors: Error[] = [];
    page.on('pageerror', (error) => errors.push(error));
    await click();
    await context.clearCookies();
    const longAgo = Date.now() - 90 * 86_400_000;
    await page.evaluate(`localStorage.setItem('postrider_click_id', '${longAgo} clk_old')`);
    assert.equal(await idAt(urlOf('www', '/register')), null);
    await page.evaluate(
      `document.cookie = 'postrider_click_id=%E0%A4%A'; localStorage.setItem('postrider_click_id', 'nonsense')`,
    );
    assert.equal(await idAt(urlOf('www', '/register')), null);
    assert.deepEqual(errors, []);
  });
});
