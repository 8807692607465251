// Journeys through commissions in a real browser: their formula, approval, rejection and its
// withdrawal, and the decisions about one event.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { withBroker, type Broker } from '../support/broker.ts';
import { noBrowser, startBrowser } from '../support/browser.ts';
import { openConsole, SCREENS, signIn, type Console, type Screen } from '../support/console.ts';
import { eventually } from '../support/eventually.ts';
import { withStack, type TestStack } from '../support/stack.ts';

type Listed = { id: string; state: string; amount: string };

describe('commissions in the console', { skip: noBrowser }, () => {
  let stack: TestStack;
  let broker: Broker;
  let browser: Browser;

  before(async () => {
    [stack, browser] = await Promise.all([withStack(), startBrowser()]);
    [broker] = await Promise.all([
      withBroker(stack, { url: 'http://127.0.0.1:9/postbacks' }),
      stack.startWorker(),
    ]);
  });
  after(async () => {
    await browser?.close();
    await stack?.close();
  });

  /** Sales of these transactions, booked. */
  async function sell(...transactions: string[]): Promise<void> {
    const { key, linkId } = broker;
    const clicked = await stack.call(`GET /c/${linkId}`);
    const clickId = new URL(clicked.headers.get('location')!).searchParams.get('click_id')!;
    const earlier = await count('');
    for (const id of transactions) {
      const body = {
        event: 'sale',
        transaction_id: id,
        click_id: clickId,
        amount: '500.00',
        currency: 'USD',
      };
      assert.equal((await stack.call('POST /v1/events', { key, body })).status, 202);
    }
    await eventually(
      'the sales to be booked',
      async () => (await count('')) === earlier + transactions.length,
    );
  }

  async function list(filter: string): Promise<Listed[]> {
    return (await stack.call<{ data: Listed[] }>(`GET /v1/commissions?${filter}`, { key: broker.key })).body
      .data;
  }

  const count = async (filter: string): Promise<number> => (await list(filter)).length;

  async function onScreen(screen: Screen, visit: (opened: Console) => Promise<void>): Promise<void> {
    const opened = await openConsole(browser, stack.url, screen);
    await signIn(opened, broker.key);
    await visit(opened);
    await opened.close();
  }

  for (const screen of SCREENS) {
    const at = `at ${screen.width} px, ${screen.theme}`;
    const sale = (name: string) => `${name}-${screen.width}`;

    test(`the console approves the commissions that are chosen, and says for how many events, ${at}`, async () => {
      await sell(sale('a'), sale('b'), sale('c'));
      const pending = await count('state=pending');
      await onScreen(screen, async ({ page, open, check }) => {
        await open('/commissions?state=pending');
        await page.getByText('on hold, ends in 29 d; then payable by itself').first().waitFor();
        await check();
        await page.getByRole('button', { name: /^Choose all \d+ shown$/ }).click();
        await page.getByRole('button', { name: 'Choose none' }).click();
        for (const index of [0, 1])
          await page
            .getByRole('checkbox', { name: /^Choose/ })
            .nth(index)
            .check();
        await check();
        await page.getByRole('button', { name: 'Approve 2…' }).click();
        await page.getByText('2 commissions for 2 events.').waitFor();
        await check();
        await page.getByRole('button', { name: 'Approve 2 commissions' }).click();
        await page.getByText('2 commissions for 2 events approved: payable now.').waitFor();
        await check();
        await page.getByRole('button', { name: 'Close' }).click();
        await page.getByRole('button', { name: /^Choose all \d+ shown$/ }).waitFor();
        assert.equal(await count('state=pending'), pending - 2);
      });
    });

    test(`the console rejects a commission with a reason, and takes that back, ${at}`, async () => {
      const [pending] = await list('state=pending');
      await onScreen(screen, async ({ page, open, check }) => {
        await open(`/commissions/${pending!.id}`);
        await page.getByText('10 %').first().waitFor();
        await page.getByText('Nobody decided anything about it.').waitFor();
        await check();
        await page.getByRole('button', { name: 'Reject…' }).click();
        const go = page.getByRole('button', { name: 'Reject 1 commission' });
        assert.ok(await go.isDisabled());
        await page.getByLabel('Reason').fill('a test order');
        await go.click();
        await page.getByText('1 commission for 1 event rejected.').waitFor();
        await page.getByRole('button', { name: 'Close' }).click();
        await page.getByRole('cell', { name: 'a test order' }).waitFor();
        await check();
        await page.getByRole('button', { name: 'Take the rejection back…' }).click();
        await page.getByRole('button', { name: 'Approve 1 commission' }).click();
        await page.getByText('1 commission for 1 event reinstated').waitFor();
        await eventually('it to be pending again', async () => {
          const path = `GET /v1/commissions/${pending!.id}`;
          return (await stack.call<Listed>(path, { key: broker.key })).body.state === 'pending';
        });
        await page.getByRole('button', { name: 'Close' }).click();
        await page.getByRole('cell', { name: 'reinstated' }).waitFor();
      });
    });

    test(`the console takes an event out of the books and puts it back, ${at}`, async () => {
      await onScreen(screen, async ({ page, open, check }) => {
        await open(`/events?transaction_id=${sale('a')}`);
        await page.getByRole('table').getByRole('link', { name: 'evt_…' }).first().click();
        await page.getByRole('button', { name: 'Void…' }).click();
        await page.getByLabel('Reason').fill('sent by a test system');
        await check();
        await page.getByRole('button', { name: 'Void 1 event' }).click();
        await page.getByRole('button', { name: 'Put back…' }).waitFor();
        await eventually('its commission to be nothing', async () =>
          (await list('state=reversed')).some(({ amount }) => amount === '0.00'),
        );
        await page.getByText('A person took it out of the books.').waitFor();
        await check();
        await page.getByRole('button', { name: 'Put back…' }).click();
        await page.getByRole('button', { name: 'Put 1 event back' }).click();
        await page.getByRole('button', { name: 'Void…' }).waitFor();
      });
    });
  }
});
