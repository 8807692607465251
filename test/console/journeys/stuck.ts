// Journeys of those who clear up at night, in a real browser: everything stuck is paused, given up
// or acknowledged, an endpoint is enabled again, what was set aside is settled again.
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { eventually } from '../../support/eventually.ts';
import { startReceiver } from '../../support/faulty-receiver.ts';
import { describeJourneys } from '../../support/journeys.ts';

const SALES = 3;

describeJourneys('clearing up in the console', {}, (journeys) => {
  const { ask, click, journey } = journeys;
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  let sent = 0;

  async function sell(currency = 'USD'): Promise<string> {
    const sale = { event: 'sale', transaction_id: `s-${(sent += 1)}`, amount: '12.50', currency };
    return (await ask('POST /v1/events', { ...sale, click_id: await click() })).id;
  }

  const countStuck = async (filter = ''): Promise<number> =>
    (await ask<{ total: { count: number } }>(`GET /v1/stuck${filter}`)).total.count;

  async function becomeStuck(): Promise<void> {
    journeys.receiver.isBroken = true;
    for (let index = 0; index < SALES; index += 1) await sell();
    await eventually('the postbacks to be stuck', async () => (await countStuck()) === SALES);
    journeys.receiver.isBroken = false;
  }

  async function act(page: Page, verb: string, confirm: string): Promise<void> {
    await page.getByRole('button', { name: /^Other actions for (everything|all of this list)$/ }).click();
    await page.getByRole('radio', { name: new RegExp(`^${verb}`) }).check();
    await press(page, confirm);
  }

  journey('the overview shows what becomes stuck without being read again', async (opened) => {
    const { page } = opened;
    await opened.open('/');
    const stuck = page.getByRole('link', { name: /^Stuck postbacks/ });
    await stuck.getByText('all arrived').waitFor();
    await page.evaluate(`globalThis.isSamePage = true`);
    await becomeStuck();
    await stuck.getByText(String(SALES), { exact: true }).waitFor();
    assert.equal(await page.evaluate('globalThis.isSamePage'), true);
    await opened.check();
    await ask('POST /v1/stuck/retry', { all: true });
    await stuck.getByText('all arrived').waitFor();
  });

  journey('the console gives up all that is stuck, and acknowledges it then', async (opened) => {
    const { page } = opened;
    await becomeStuck();
    await opened.open('/stuck');
    await act(page, 'Give up', `Give up ${SALES} postbacks`);
    await page.getByText(`Done: ${SALES} of ${SALES} postbacks`).waitFor();
    await opened.check();
    await press(page, 'Close');
    assert.equal(await countStuck('?state=gave_up'), SALES);
    await opened.open('/stuck?state=gave_up');
    await act(page, 'Acknowledge', `Acknowledge ${SALES} postbacks`);
    await page.getByText(`Done: ${SALES} of ${SALES} postbacks`).waitFor();
    await press(page, 'Close');
    await page.getByText('No stuck postback fits these filters.').waitFor();
    assert.equal(await countStuck(), 0);
  });

  journey('the console pauses the endpoints of all that is stuck', async (opened) => {
    const { page } = opened;
    await becomeStuck();
    await opened.open('/stuck');
    await act(page, 'Pause endpoints', 'Pause 1 endpoint');
    await page.getByText('Done: 1 of 1 endpoint').waitFor();
    await opened.check();
    await press(page, 'Close');
    await page.getByText('endpoint paused').first().waitFor();
    const path = `/v1/endpoints/${journeys.broker.endpoint.id}`;
    assert.equal((await ask<{ state: string }>(`GET ${path}`)).state, 'paused');
    await ask(`POST ${path}/resume`);
    await ask('POST /v1/stuck/retry', { all: true });
    await eventually('nothing to be stuck', async () => (await countStuck()) === 0);
  });

  journey('the console enables an endpoint that said 410, and rotates its secret', async (opened, screen) => {
    const { page, open, check } = opened;
    let status = 410;
    const receiver = await startReceiver({ handler: (_, response) => void response.writeHead(status).end() });
    const name = `Gone ${screen.width}`;
    const made = await ask<{ id: string; secret: string }>('POST /v1/endpoints', {
      affiliate_id: journeys.broker.affiliateId,
      name,
      url: `${receiver.url}/gone`,
    });
    const stateOf = async () => (await ask<{ state: string }>(`GET /v1/endpoints/${made.id}`)).state;
    await sell();
    await eventually('the endpoint to be disabled', async () => (await stateOf()) === 'disabled');
    status = 200;
    await open(`/endpoints/${made.id}`);
    await press(page, 'Enable');
    await check();
    await press(page, 'Enable 1 endpoint');
    await page.getByText('It is on.').waitFor();
    await check();
    await press(page, 'Close');
    assert.equal(await stateOf(), 'active');

    await press(page, 'Rotate secret…');
    await page.getByLabel('Hours of overlap').fill('200');
    assert.ok(await page.getByRole('button', { name: 'Rotate 1 secret' }).isDisabled());
    await page.getByLabel('Hours of overlap').fill('2');
    await check();
    await press(page, 'Rotate 1 secret');
    await page.getByText('The new secret, shown this once').waitFor();
    const secret = (await page.locator('.dialog code').textContent())!;
    assert.match(secret, /^whsec_/);
    assert.notEqual(secret, made.secret);
    await page.getByText('The former one signs beside it').waitFor();
    await check();
    await ask(`DELETE /v1/endpoints/${made.id}`);
    await receiver.close();
  });

  journey(
    'the console settles again what was set aside, and says what is missing',
    async (opened, screen) => {
      const { page } = opened;
      const currency = screen.width > 800 ? 'NOK' : 'SEK';
      const id = await sell(currency);
      const status = async () => (await ask<{ status: string }>(`GET /v1/events/${id}`)).status;
      await eventually('the event to be set aside', async () => (await status()) === 'set_aside');
      await opened.open('/set-aside');
      await press(page, `Settle again: ${id}`);
      await press(page, 'Settle all of them again');
      await page.getByRole('dialog').getByText(`no rate ${currency}→USD`).waitFor();
      await opened.check();
      await press(page, 'Close');
      await press(page, `Reject ${id}`);
      await press(page, 'Reject 1 event');
      await page.getByRole('button', { name: `Reject ${id}` }).waitFor({ state: 'detached' });
      assert.equal(await status(), 'rejected');
    },
  );
});
