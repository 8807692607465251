// Journeys through affiliates in a real browser: a new one, its links and coupons, its portal, its
// payment details, its state.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { withBroker, type Broker } from '../support/broker.ts';
import { noBrowser, startBrowser } from '../support/browser.ts';
import { openConsole, SCREENS, signIn, type Console, type Screen } from '../support/console.ts';
import { eventually } from '../support/eventually.ts';
import { withStack, type TestStack } from '../support/stack.ts';

describe('affiliates in the console', { skip: noBrowser }, () => {
  let stack: TestStack;
  let broker: Broker;
  let browser: Browser;

  before(async () => {
    [stack, browser] = await Promise.all([withStack(), startBrowser()]);
    [broker] = await Promise.all([
      withBroker(stack, { url: 'http://127.0.0.1:9/postbacks' }),
      stack.startWorker(),
    ]);
    await becomeAStory();
  });
  after(async () => {
    await browser?.close();
    await stack?.close();
  });

  /** An affiliate with a parent, a balance, and a customer on the way to a bounty. */
  async function becomeAStory(): Promise<void> {
    const { key, affiliateId, linkId } = broker;
    const { body: parent } = await stack.call<{ id: string }>('POST /v1/affiliates', {
      key,
      body: { name: 'Parent Network', external_id: 'network-1' },
    });
    await stack.call(`PATCH /v1/affiliates/${affiliateId}`, {
      key,
      body: { parent_id: parent.id, parent_since: '2026-11-01T00:00:00Z' },
    });
    const bounty = {
      kind: 'cpa',
      on: 'deposit',
      amount: '50.00',
      min_amount: '300.00',
      qualify: 'cumulative',
    };
    await stack.call('POST /v1/deals', {
      key,
      body: {
        name: 'Deposits',
        affiliate_id: affiliateId,
        terms: { components: [bounty, { kind: 'percent', on: 'sale', percent: '10' }] },
      },
    });
    const clicked = await stack.call(`GET /c/${linkId}`);
    const clickId = new URL(clicked.headers.get('location')!).searchParams.get('click_id')!;
    const event = { click_id: clickId, customer_id: 'anna-1', currency: 'USD' };
    await send({ ...event, event: 'deposit', transaction_id: 'd-1', amount: '120.00' });
    await send({ ...event, event: 'sale', transaction_id: 's-1', amount: '1234.50' });
    await eventually('a commission to be booked', async () => {
      const { body } = await stack.call<{ balances: unknown[] }>(
        `GET /v1/affiliates/${affiliateId}/balance`,
        {
          key,
        },
      );
      return body.balances.length === 1;
    });
  }

  async function send(body: object): Promise<void> {
    const { status } = await stack.call('POST /v1/events', { key: broker.key, body });
    assert.equal(status, 202);
  }

  async function onScreen(
    screen: Screen,
    visit: (opened: Console) => Promise<void>,
    refusals: readonly number[] = [],
  ): Promise<void> {
    const opened = await openConsole(browser, stack.url, screen);
    await signIn(opened, broker.key);
    await visit(opened);
    await opened.close(refusals);
  }

  for (const screen of SCREENS) {
    const at = `at ${screen.width} px, ${screen.theme}`;

    test(`the console finds an affiliate by its name, and shows its parent, balance and progress, ${at}`, async () => {
      await onScreen(screen, async ({ page, open, check }) => {
        await open('/affiliates');
        await check();
        await page.getByLabel('Name or own id').fill('test med');
        await page.keyboard.press('Enter');
        await page.getByRole('link', { name: 'Parent Network' }).waitFor({ state: 'detached' });
        await page.getByRole('link', { name: 'Test Media' }).click();
        await page.getByRole('heading', { name: 'Test Media', level: 1 }).waitFor();
        await page.getByText('123.45').first().waitFor();
        await page.getByText('120.00 of 300.00').waitFor();
        await page.getByText('on hold; each commission says until when').waitFor();
        await check();
      });
    });

    test(`the console makes an affiliate, a link and a coupon for it, and ends both, ${at}`, async () => {
      const name = `New Media ${screen.width}`;
      await onScreen(
        screen,
        async ({ page, open, check }) => {
          await open('/affiliates');
          await page.getByRole('button', { name: 'New affiliate…' }).click();
          await page.getByLabel('Name', { exact: true }).fill(name);
          await check();
          await page.getByRole('button', { name: 'Add 1 affiliate' }).click();
          await page.getByRole('heading', { name, level: 1 }).waitFor();

          await page.getByRole('tab', { name: 'Links' }).click();
          await page.getByRole('button', { name: 'New link…' }).click();
          await page.getByLabel('Landing page').fill('https://broker.example/{sub9}');
          await page.getByRole('button', { name: 'Make 1 link' }).click();
          await page.getByText('landing_url').waitFor();
          await page.getByLabel('Landing page').fill('https://broker.example/welcome');
          await page.getByRole('button', { name: 'Make 1 link' }).click();
          await page.getByText('The link for the affiliate').waitFor();
          await check();
          await page.getByRole('button', { name: 'Close', exact: true }).click();
          const link = page.getByRole('row').filter({ hasText: 'broker.example/welcome' });
          await link.getByRole('button', { name: /^Switch off/ }).click();
          await page.getByRole('button', { name: 'Switch off 1 link' }).click();
          await link.getByRole('button', { name: /^Switch on/ }).waitFor();
          await check();

          await page.getByRole('tab', { name: 'Coupons' }).click();
          await page.getByRole('button', { name: 'New coupon…' }).click();
          await page.getByLabel('Code').fill(`SPRING${screen.width}`);
          await page.getByLabel('Until (UTC)').fill('2030-01-01T00:00');
          await check();
          await page.getByRole('button', { name: 'Add 1 coupon' }).click();
          await page.getByRole('cell').getByText(`SPRING${screen.width}`).waitFor();
          await check();
          await page.getByRole('button', { name: `Remove SPRING${screen.width}` }).click();
          await page.getByRole('button', { name: 'Remove 1 coupon' }).click();
          await page.getByText('It has no coupon.').waitFor();
        },
        [400],
      );
    });

    test(`the console copies a link to the portal that opens the affiliate’s own, ${at}`, async () => {
      await onScreen(screen, async ({ page, open, check }) => {
        await open(`/affiliates/${broker.affiliateId}`);
        await page.getByRole('button', { name: 'Portal link…' }).click();
        await page.getByRole('button', { name: 'Make 1 link' }).click();
        await page.getByText('The link is copied.').waitFor();
        await check();
        const url = await page.evaluate<string>('navigator.clipboard.readText()');
        const token = new URL(url).hash.replace('#token=', '');
        const { body } = await stack.call<{ affiliate: { id: string } }>('GET /session', { key: token });
        assert.equal(body.affiliate.id, broker.affiliateId);
      });
    });

    test(`the console seals payment details, and shows them masked, ${at}`, async () => {
      await onScreen(
        screen,
        async ({ page, open, check }) => {
          await open(`/affiliates/${broker.affiliateId}?tab=payment`);
          await page.getByRole('button', { name: /^(Add|Replace)…$/ }).click();
          await page.getByLabel('Holder').fill('Jane Doe');
          await page.getByLabel('IBAN').fill('DE89 3704 0044 0532 0130 01');
          await page.getByRole('button', { name: 'Replace the payment details' }).click();
          await page.getByText('is not an IBAN, or its check digits do not fit').waitFor();
          await check();
          await page.getByLabel('IBAN').fill('DE89 3704 0044 0532 0130 00');
          await page.getByRole('button', { name: 'Replace the payment details' }).click();
          await page.getByText('DE89…3000').waitFor();
          await check();
          await page.getByRole('button', { name: 'Forget…' }).click();
          await page.getByRole('button', { name: 'Forget 1 account' }).click();
          await page.getByText('How it is paid is not known.').waitFor();
          await check();
        },
        [400],
      );
    });

    test(`the console suspends, closes and activates an affiliate, and says what that means, ${at}`, async () => {
      await onScreen(screen, async ({ page, open, check }) => {
        await open(`/affiliates/${broker.affiliateId}`);
        for (const [verb, says] of [
          ['Suspend', 'It goes on earning, and is not paid'],
          ['Close', 'Nothing new is attributed to it.'],
          ['Activate', 'Events are attributed to it, it earns, and it is paid.'],
        ] as const) {
          await page.getByRole('button', { name: `${verb}…` }).click();
          await page.getByRole('button', { name: `${verb} 1 affiliate` }).click();
          await page.getByRole('dialog').waitFor({ state: 'detached' });
          await page.getByText(says).waitFor();
          await check();
        }
      });
    });

    test(`the console changes an affiliate’s name and parent, from a time on, ${at}`, async () => {
      await onScreen(
        screen,
        async ({ page, open, check }) => {
          await open('/affiliates?q=network-1');
          await page.getByRole('link', { name: 'Parent Network' }).click();
          await page.getByRole('tab', { name: 'Endpoints' }).click();
          await page.getByText('It has no endpoint.').waitFor();
          await page.getByRole('button', { name: 'Change…' }).click();
          await page.getByRole('combobox', { name: 'Parent' }).fill(broker.affiliateId);
          await page.getByLabel('From (UTC)').fill('2026-11-15T00:00');
          await check();
          await page.getByRole('button', { name: 'Change 1 affiliate' }).click();
          await page.getByText('an affiliate cannot stand above itself').waitFor();
        },
        [400],
      );
    });
  }
});
