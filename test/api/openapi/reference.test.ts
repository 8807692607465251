// The reference in a browser: it runs under its policy, calls nobody else, and offers to try.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { withApi, type TestApi } from '../../support/api.ts';
import { noBrowser, startBrowser } from '../../support/browser.ts';

const SHOWN_WITHIN_MS = 60_000;

let api: TestApi;
let browser: Browser | undefined;

before(async () => {
  api = await withApi();
});
after(async () => {
  await browser?.close();
  await api.close();
});

test(
  'the reference runs under a strict policy and loads nothing from elsewhere',
  { skip: noBrowser },
  async () => {
    browser = await startBrowser();
    const page = await browser.newPage();
    page.setDefaultTimeout(SHOWN_WITHIN_MS);
    const [complaints, asked]: [string[], Set<string>] = [[], new Set()];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) asked.add(new URL(request.url()).origin);
    });
    await page.goto(`${api.url}/reference`);
    await page.getByText('Send an event').first().waitFor();
    await page.getByText('what the customer did, in any case').first().waitFor();
    await page.getByText('Test Request').first().click();
    await page.getByText('Bearer Token').first().waitFor();
    assert.deepEqual(complaints, []);
    assert.deepEqual([...asked], [api.url]);
  },
);

test(
  'the page of the documentation fits on a phone and on a desk, with everything open',
  { skip: noBrowser },
  async () => {
    const page = await (browser ??= await startBrowser()).newPage();
    for (const width of [360, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(`${api.url}/docs`);
      await page.evaluate(`document.querySelectorAll('details').forEach((each) => (each.open = true))`);
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
    }
  },
);

test('the policy of the reference has a new nonce each time, and allows scripts by it alone', async () => {
  const [first, second] = await Promise.all([fetch(`${api.url}/reference`), fetch(`${api.url}/reference`)]);
  const policies = [first, second].map((answer) => answer.headers.get('content-security-policy')!);
  const nonces = policies.map((policy) => /script-src 'nonce-([^']+)';/.exec(policy)?.[1]);
  assert.ok(nonces[0] && nonces[1] && nonces[0] !== nonces[1], policies.join('\n'));
  assert.doesNotMatch(policies[0]!, /unsafe-eval|https?:/);
  const html = await first.text();
  assert.equal(html.split(`nonce="${nonces[0]}"`).length - 1, html.split('<script').length - 1);
});
