// Journeys through the console in a real browser, against real processes: sign in, retry what is
// stuck, follow a trace, pause and resume an endpoint, replay.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { withBroker, type Broker } from '../support/broker.ts';
import { noBrowser, startBrowser } from '../support/browser.ts';
import { openConsole, SCREENS, signIn, type Console, type Screen } from '../support/console.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type FaultyReceiver } from '../support/faulty-receiver.ts';
import { withStack, type TestStack } from '../support/stack.ts';

const SALES = 12;
const FAR_AWAY_S = 36_000;

describe('the console', { skip: noBrowser }, () => {
  let stack: TestStack;
  let receiver: FaultyReceiver;
  let broker: Broker;
  let browser: Browser;
  let isBroken = true;
  let sent = 0;

  before(async () => {
    receiver = await startReceiver({
      handler: (_, response) => void response.writeHead(isBroken ? 503 : 200).end(isBroken ? 'broken' : 'ok'),
    });
    [stack, browser] = await Promise.all([
      withStack({ TEMPORAL_UI_URL: 'http://ui.example' }),
      startBrowser(),
    ]);
    const endpoint = { url: `${receiver.url}/postbacks`, schedule: [0, FAR_AWAY_S] };
    [broker] = await Promise.all([withBroker(stack, endpoint), stack.startWorker()]);
  });
  after(async () => {
    await browser?.close();
    await stack?.close();
    await receiver?.close();
  });

  async function send(event: object): Promise<void> {
    const body = { event: 'sale', transaction_id: `t-${(sent += 1)}`, amount: '12.50', ...event };
    await stack.call('POST /v1/events', { key: broker.key, body });
  }

  async function click(): Promise<string> {
    const clicked = await stack.call(`GET /c/${broker.linkId}`);
    return new URL(clicked.headers.get('location')!).searchParams.get('click_id')!;
  }

  /** Sales whose postbacks fail, as many as `SALES`. */
  async function becomeStuck(): Promise<void> {
    isBroken = true;
    const clickId = await click();
    for (let index = 0; index < SALES; index += 1) await send({ click_id: clickId, currency: 'USD' });
    await eventually('the postbacks to be stuck', async () => (await countStuck()) === SALES);
  }

  async function countStuck(): Promise<number> {
    const { body } = await stack.call<{ total: { count: number } }>('GET /v1/stuck', { key: broker.key });
    return body.total.count;
  }

  async function onScreen(screen: Screen, visit: (opened: Console) => Promise<void>): Promise<void> {
    const opened = await openConsole(browser, stack.url, screen);
    await signIn(opened, broker.key);
    await visit(opened);
    await opened.close();
  }

  for (const screen of SCREENS) {
    const at = `at ${screen.width} px, ${screen.theme}`;

    test(`the console tells a wrong key, and takes a right one until it is signed out, ${at}`, async () => {
      const opened = await openConsole(browser, stack.url, screen);
      const { page } = opened;
      await opened.check();
      await signIn(opened, broker.key);
      await page.reload();
      await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
      if (screen.width < 800) await page.getByRole('button', { name: 'Menu' }).click();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('API key').waitFor();
      await opened.close();
      const again = await openConsole(browser, stack.url, screen);
      await again.page.getByLabel('API key').fill('pk_wrong');
      await again.page.keyboard.press('Enter');
      await again.page.getByText('This key is not valid').waitFor();
      await again.check();
      // The browser reports the refused sign-in itself.
      await assert.rejects(again.close(), /401/);
    });

    test(`the console retries all that is stuck in three clicks, and shows what came of it, ${at}`, async () => {
      await becomeStuck();
      await onScreen(screen, async (opened) => {
        const { page } = opened;
        isBroken = false;
        await page.getByRole('link', { name: 'Stuck postbacks' }).click();
        await page.getByRole('button', { name: 'Retry everything' }).click();
        await page.getByText(`${SALES} postbacks to 1 endpoint`).waitFor();
        await opened.check();
        await page.getByRole('button', { name: `Retry ${SALES} postbacks` }).click();
        await page.getByText(`Done: ${SALES} of ${SALES} postbacks`).waitFor();
        await opened.check();
        await page.getByRole('button', { name: 'Close' }).click();
        await page.getByText('Nothing is stuck.').waitFor();
        assert.equal(await countStuck(), 0);
      });
    });

    test(`the console leads from an event to its formula, its transfers and the affiliate’s answer, ${at}`, async () => {
      await onScreen(screen, async (opened) => {
        const { page } = opened;
        await opened.open('/events?transaction_id=t-1');
        await page.getByRole('table').getByRole('link', { name: 'evt_…' }).first().click();
        await page.getByRole('heading', { name: 'sale t-1', level: 1 }).waitFor();
        await page.getByText('10 %').first().waitFor();
        await page.getByRole('table', { name: 'Transfers' }).getByText('1.25').waitFor();
        const attempts = page.getByRole('table', { name: 'Attempts' });
        await attempts.getByText('503', { exact: true }).waitFor();
        // Sent again by now on the second screen.
        await attempts.getByText('200', { exact: true }).first().waitFor();
        await opened.check();
        const inTemporal = page.getByRole('link', { name: 'Its batch in the Temporal UI' });
        assert.match((await inTemporal.getAttribute('href'))!, /^http:\/\/ui\.example\/.*conversions/);
        await page.getByRole('link', { name: 'dlv_…' }).first().click();
        await page.getByRole('heading', { name: 'Postback', level: 1 }).waitFor();
        await page.getByRole('link', { name: 'evt_…' }).first().click();
        await page.getByRole('heading', { name: 'sale t-1', level: 1 }).waitFor();
      });
    });

    test(`the console pauses and resumes an endpoint by the keyboard alone, ${at}`, async () => {
      await onScreen(screen, async (opened) => {
        const { page } = opened;
        await opened.open(`/endpoints/${broker.endpoint.id}`);
        const press = async (name: string) => {
          await tabTo(opened, name);
          await page.keyboard.press('Enter');
        };
        await press('Pause');
        await page.getByRole('dialog').waitFor();
        await opened.check();
        await press('Pause 1 endpoint');
        await page.getByRole('button', { name: 'Resume' }).waitFor();
        assert.equal(await stateOfEndpoint(), 'paused');
        await press('Resume');
        await press('Resume 1 endpoint');
        await page.getByRole('button', { name: 'Pause' }).waitFor();
        assert.equal(await stateOfEndpoint(), 'active');
      });
    });

    test(`the console tests an endpoint and replays to it, ${at}`, async () => {
      isBroken = false;
      await onScreen(screen, async (opened) => {
        const { page } = opened;
        await opened.open(`/endpoints/${broker.endpoint.id}`);
        await page.getByRole('button', { name: 'Test', exact: true }).click();
        await page.getByRole('button', { name: 'Send 1 test postback' }).click();
        await page.getByText('First byte').waitFor();
        await opened.check();
        await page.getByRole('button', { name: 'Close' }).click();
        await page.getByRole('button', { name: 'Replay…' }).click();
        await page.getByRole('checkbox', { name: /^delivered/ }).check();
        const { body } = await stack.call<{ total: number }>('POST /v1/replays', {
          key: broker.key,
          body: { endpoint_id: broker.endpoint.id, states: ['gave_up', 'delivered'], dry_run: true },
        });
        await page.getByRole('button', { name: `Replay ${body.total} postbacks` }).click();
        await page.getByText(`${body.total} of ${body.total} postbacks sent`).waitFor();
        await opened.check();
      });
    });

    test(`the console gives an orphan to an affiliate, ${at}`, async () => {
      await send({ customer_id: `lost-${screen.width}`, currency: 'USD' });
      await onScreen(screen, async (opened) => {
        const { page } = opened;
        await opened.open('/orphans');
        const row = page.getByRole('row').filter({ hasText: `lost-${screen.width}` });
        await row.getByRole('button', { name: /^Assign/ }).click();
        await page.getByLabel('Affiliate').fill(broker.affiliateId);
        await opened.check();
        await page.getByRole('button', { name: 'Assign 1 event' }).click();
        await page.getByText('Assigned.').waitFor();
        await eventually('the orphan to be settled', async () => {
          const path = `GET /v1/events?status=settled&customer_id=lost-${screen.width}`;
          return (await stack.call<{ data: unknown[] }>(path, { key: broker.key })).body.data.length === 1;
        });
        await opened.open(`/events?customer_id=lost-${screen.width}`);
        await page.getByRole('table').getByText('settled').waitFor();
      });
    });

    test(`every page of the console is free of barriers and errors, and fits, ${at}`, async () => {
      await becomeStuck();
      await send({ customer_id: 'nobody', currency: 'USD' });
      await send({ click_id: await click(), currency: 'GBP' });
      await onScreen(screen, async (opened) => {
        const pages = [
          '/',
          '/stuck',
          '/stuck?group=reason',
          '/events',
          '/orphans',
          '/set-aside',
          '/deliveries',
          '/endpoints',
          '/onboarding',
          '/refusals',
        ];
        const endpoint = `/endpoints/${broker.endpoint.id}`;
        for (const path of [
          ...pages,
          endpoint,
          `${endpoint}?tab=settings`,
          '/deliveries?state=cancelled',
          '/nothing',
        ]) {
          await opened.open(path);
          await opened.check();
        }
      });
      isBroken = false;
      await stack.call('POST /v1/stuck/retry', { key: broker.key, body: { all: true } });
      await eventually('nothing to be stuck', async () => (await countStuck()) === 0);
    });
  }

  test('the console asks for a key again once the one that it was opened with is revoked', async () => {
    const { body: made } = await stack.call<{ id: string; api_key: string }>('POST /v1/api-keys', {
      key: broker.key,
      body: { name: 'a person', scopes: ['read'] },
    });
    const opened = await openConsole(browser, stack.url, SCREENS[0]!);
    await signIn(opened, made.api_key);
    await opened.open('/stuck');
    await stack.call(`DELETE /v1/api-keys/${made.id}`, { key: broker.key });
    await opened.page.getByLabel('API key').waitFor();
    await assert.rejects(opened.close(), /401/);
  });

  test('the console says of a list without rows whether filters left none', async () => {
    await onScreen(SCREENS[0]!, async ({ page, open }) => {
      const lists = {
        '/stuck?reason=http_418': 'No stuck postback fits these filters.',
        '/events?transaction_id=none': 'No event fits these filters.',
        '/orphans?reason=unbound': 'No orphan fits these filters.',
        '/deliveries?last_error=http_418': 'No postback fits these filters.',
        '/endpoints?affiliate_id=aff_00000000000000000000000000': 'No endpoint fits these filters.',
        '/affiliates?q=none': 'No affiliate fits these filters.',
        '/refusals?reason=none': 'No refusal fits these filters.',
      };
      for (const [path, text] of Object.entries(lists)) {
        await open(path);
        await page.getByText(text).waitFor();
      }
    });
  });

  async function stateOfEndpoint(): Promise<string> {
    const path = `GET /v1/endpoints/${broker.endpoint.id}`;
    return (await stack.call<{ state: string }>(path, { key: broker.key })).body.state;
  }

  /** Presses Tab until the focus is on the button of this name. */
  async function tabTo({ page }: Console, name: string): Promise<void> {
    const button = page.getByRole('button', { name, exact: true });
    await button.waitFor();
    for (let step = 0; step < 60; step += 1) {
      if ((await page.evaluate('document.activeElement.textContent')) === name) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`no Tab leads to ${name}`);
  }
});
