// Journeys through the console in a real browser, against real processes: sign in, retry what is
// stuck, follow a trace, pause and resume an endpoint, replay.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openConsole, savedBy, SCREENS, signIn, tabTo } from '../../support/console.ts';
import { eventually } from '../../support/eventually.ts';
import { describeJourneys, eachScreen } from '../../support/journeys.ts';

const SALES = 12;

describeJourneys('the console', {}, (journeys) => {
  const { ask, click, journey } = journeys;
  let sent = 0;

  const send = (event: object) =>
    ask('POST /v1/events', { event: 'sale', transaction_id: `t-${(sent += 1)}`, amount: '12.50', ...event });

  /** Sales whose postbacks fail, as many as `SALES`. */
  async function becomeStuck(): Promise<void> {
    journeys.receiver.isBroken = true;
    const clickId = await click();
    for (let index = 0; index < SALES; index += 1) await send({ click_id: clickId, currency: 'USD' });
    await eventually('the postbacks to be stuck', async () => (await countStuck()) === SALES);
  }

  const countStuck = async (): Promise<number> =>
    (await ask<{ total: { count: number } }>('GET /v1/stuck')).total.count;

  const stateOfEndpoint = async (): Promise<string> =>
    (await ask<{ state: string }>(`GET /v1/endpoints/${journeys.broker.endpoint.id}`)).state;

  eachScreen(
    'the console tells a wrong key, and takes a right one until it is signed out',
    async (screen) => {
      const { browser, stack, broker } = journeys;
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
    },
  );

  journey(
    'the console retries all that is stuck in three clicks, and shows what came of it',
    async (opened) => {
      await becomeStuck();

      const { page } = opened;
      await opened.open('/');
      await page.getByRole('link', { name: 'Stuck postbacks' }).click();
      await page.getByRole('button', { name: 'Retry everything' }).click();
      await page.getByText(`${SALES} postbacks to 1 endpoint`).waitFor();
      await opened.check();
      // Not before: what is held would be sent by itself.
      journeys.receiver.isBroken = false;
      await page.getByRole('button', { name: `Retry ${SALES} postbacks` }).click();
      await page.getByText(`Done: ${SALES} of ${SALES} postbacks`).waitFor();
      // The result stays, although what it was about has left the list.
      await page.getByText('Nothing is stuck.').waitFor();
      await opened.check();
      await page.getByRole('button', { name: 'Close' }).click();
      assert.equal(await countStuck(), 0);
    },
  );

  journey(
    'the console leads from an event to its formula, its transfers and the affiliate’s answer',
    async (opened) => {
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
      const month = new Date().toISOString().slice(0, 7);
      await page
        .getByRole('table', { name: 'Transfers' })
        .getByRole('link', { name: month })
        .first()
        .waitFor();
      await page
        .getByRole('table', { name: 'Transfers' })
        .getByRole('link', { name: 'trf_…' })
        .first()
        .click();
      await page.getByRole('heading', { name: 'Transfer: commission earned', level: 1 }).waitFor();
      await page.getByText('10 %').first().waitFor();
      await page.getByRole('link', { name: 'preliminary' }).waitFor();
      await opened.check();
      await page.getByRole('link', { name: 'evt_…' }).first().click();
      await page.getByRole('heading', { name: 'sale t-1', level: 1 }).waitFor();
      await page
        .getByRole('region', { name: '1 · Request' })
        .getByText(/^req_…/)
        .waitFor();
      const byKey = page.getByRole('link', { name: 'first', exact: true });
      assert.match((await byKey.getAttribute('href'))!, /audit-log\?key_id=key_/);
      const inTemporal = page.getByRole('link', { name: 'Its batch in the Temporal UI' });
      assert.match((await inTemporal.getAttribute('href'))!, /^http:\/\/ui\.example\/.*conversions/);
      await page.getByRole('link', { name: 'dlv_…' }).first().click();
      await page.getByRole('heading', { name: 'Postback', level: 1 }).waitFor();
      await page.getByRole('link', { name: 'evt_…' }).first().click();
      await page.getByRole('heading', { name: 'sale t-1', level: 1 }).waitFor();
    },
  );

  journey('the console pauses and resumes an endpoint by the keyboard alone', async (opened) => {
    const { page } = opened;
    await opened.open(`/endpoints/${journeys.broker.endpoint.id}`);
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

  journey('the console tests an endpoint and replays to it', async (opened) => {
    journeys.receiver.isBroken = false;

    const { page } = opened;
    await opened.open(`/endpoints/${journeys.broker.endpoint.id}`);
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page.getByRole('button', { name: 'Send 1 test postback' }).click();
    await page.getByText('First byte').waitFor();
    await opened.check();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Replay…' }).click();
    await page.getByRole('checkbox', { name: /^delivered/ }).check();
    const { total } = await ask<{ total: number }>('POST /v1/replays', {
      endpoint_id: journeys.broker.endpoint.id,
      states: ['gave_up', 'delivered'],
      dry_run: true,
    });
    await page.getByRole('button', { name: `Replay ${total} postbacks` }).click();
    await page.getByText(`${total} of ${total} postbacks sent`).waitFor();
    await opened.check();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('tab', { name: 'Replays' }).click();
    const replays = page.getByRole('table', { name: 'Replays' });
    await replays.getByText('done').first().waitFor();
    await replays.getByText(`${total} of ${total}`).first().waitFor();
    await opened.check();
    await replays
      .getByRole('button', { name: /^Details of rpl_/ })
      .first()
      .click();
    await page.getByText(`${total} of ${total} postbacks sent`).waitFor();
    await opened.check();
  });

  journey('the console replays across endpoints, shows the progress and stops it', async (opened) => {
    const { page } = opened;
    await opened.open('/replays');
    await page.getByRole('button', { name: 'New replay…' }).click();
    await page.getByRole('combobox', { name: 'Affiliate' }).fill(journeys.broker.affiliateId);
    await page.getByText('Test Media').last().waitFor();
    await page.getByRole('checkbox', { name: /^delivered/ }).check();
    await page.getByLabel('Postbacks a second').fill('fast');
    await page.getByText('Counting…').waitFor();
    await page.getByLabel('Postbacks a second').fill('0.01');
    await opened.check();
    await page.getByRole('button', { name: /^Replay \d+ postbacks$/ }).click();
    await page.getByRole('button', { name: 'Stop here' }).click();
    await page.getByText('cancelled').first().waitFor();
    await opened.check();
    await page.getByRole('button', { name: 'Close' }).click();
    const row = page
      .getByRole('table', { name: 'Replays' })
      .getByRole('row')
      .filter({ hasText: 'cancelled' });
    await row.getByRole('link', { name: 'Test Media' }).first().waitFor();
    await opened.check();
    await row
      .getByRole('button', { name: /^Details of rpl_/ })
      .first()
      .click();
    await page.getByRole('progressbar', { name: 'Progress' }).waitFor();
  });

  journey('the console gives an orphan to an affiliate', async (opened, screen) => {
    await send({ customer_id: `lost-${screen.width}`, currency: 'USD' });

    const { page } = opened;
    await opened.open('/orphans');
    const row = page.getByRole('row').filter({ hasText: `lost-${screen.width}` });
    await row.getByRole('button', { name: /^Assign/ }).click();
    await page.getByLabel('Affiliate').fill(journeys.broker.affiliateId);
    await opened.check();
    await page.getByRole('button', { name: 'Assign 1 event' }).click();
    await page.getByText('Assigned.').waitFor();
    await eventually('the orphan to be settled', async () => {
      const path = `GET /v1/events?status=settled&customer_id=lost-${screen.width}`;
      return (await ask<{ data: unknown[] }>(path)).data.length === 1;
    });
    await opened.open(`/events?customer_id=lost-${screen.width}`);
    await page.getByRole('table').getByText('settled').waitFor();
  });

  journey('the lists of the console are saved as CSV, by their filters', async (opened) => {
    await becomeStuck();
    await send({ customer_id: 'nobody', currency: 'USD' });
    await send({ click_id: await click(), currency: 'GBP' });

    const lists = {
      '/stuck': /^endpoint\.id,.*\r\n.*503/,
      '/events?transaction_id=t-1': /^id,.*\r\n.*,t-1,/,
      '/orphans': /^id,.*\r\n.*nobody/,
      '/set-aside': /^id,.*\r\n.*GBP/,
      '/deliveries': /^id,.*\r\ndlv_/,
      '/refusals': /^id,/,
    };
    for (const [path, text] of Object.entries(lists)) {
      await opened.open(path);
      assert.match(await savedBy(opened.page, 'CSV'), text, path);
    }

    journeys.receiver.isBroken = false;
    await ask('POST /v1/stuck/retry', { all: true });
    await eventually('nothing to be stuck', async () => (await countStuck()) === 0);
  });

  test('the console asks for a key again once the one that it was opened with is revoked', async () => {
    const made = await ask<{ id: string; api_key: string }>('POST /v1/api-keys', {
      name: 'a person',
      scopes: ['read'],
    });
    const opened = await openConsole(journeys.browser, journeys.stack.url, SCREENS[0]!);
    await signIn(opened, made.api_key);
    await opened.open('/stuck');
    await ask(`DELETE /v1/api-keys/${made.id}`);
    await opened.page.getByLabel('API key').waitFor();
    await assert.rejects(opened.close(), /401/);
  });

  test('the console says of a list without rows whether filters left none', async () => {
    await journeys.inConsole(SCREENS[0]!, async ({ page, open }) => {
      const lists = {
        '/stuck?reason=http_418': 'No stuck postback fits these filters.',
        '/events?transaction_id=none': 'No event fits these filters.',
        '/orphans?reason=unbound': 'No orphan fits these filters.',
        '/deliveries?last_error=http_418': 'No postback fits these filters.',
        '/endpoints?affiliate_id=aff_00000000000000000000000000': 'No endpoint fits these filters.',
        '/affiliates?q=none': 'No affiliate fits these filters.',
        '/refusals?reason=none': 'No refusal fits these filters.',
        '/fx-rates?base=NOK': 'No rate fits these filters.',
      };
      for (const [path, text] of Object.entries(lists)) {
        await open(path);
        await page.getByText(text).waitFor();
      }
    });
  });
});
