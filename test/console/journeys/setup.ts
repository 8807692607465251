// Journeys through settings, notices, imports, exchange rates and months in a real browser.
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { savedBy, type Screen } from '../../support/console.ts';
import { eventually } from '../../support/eventually.ts';
import { describeJourneys, type Journeys } from '../../support/journeys.ts';

const WIDE = 1440;

/** The month so many months before the present one, in UTC. */
function monthAgo(count: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - count, 1)).toISOString().slice(0, 7);
}

/** Sales of the two former months, posted in these. */
async function prepare({ ask, stack, broker }: Journeys): Promise<void> {
  const schedule = stack.temporal.client.schedule.getHandle('close-due-periods');
  await schedule.pause('months are closed by the journey');
  for (const month of [monthAgo(2), monthAgo(1)]) {
    const clicked = { affiliate_id: broker.affiliateId, clicked_at: `${month}-01T00:00:00Z` };
    const { click_id: clickId } = await ask<{ click_id: string }>('POST /v1/clicks', clicked);
    const sale = { event: 'sale', transaction_id: month, amount: '500.00', currency: 'USD' };
    await ask('POST /v1/events', { ...sale, click_id: clickId, occurred_at: `${month}-10T00:00:00Z` });
  }
  await eventually('both sales to be booked', async () => {
    const { data } = await ask<{ data: unknown[] }>('GET /v1/commissions');
    return data.length === 2;
  });
  // The clock of settling cannot be set from here.
  const { id: operatorId } = await ask('GET /v1/operator');
  const own = `operator_id = '${operatorId}'`;
  await stack.pool.query(`begin; set local session_replication_role = replica;
    update transfers set period = origin_period, posted_at = occurred_at + interval '1 hour' where ${own};
    update transfers set id = id_bound('trf', posted_at) || right(id, 16) where ${own}; commit`);
}

describeJourneys('setting up in the console', { prepare }, (journeys) => {
  const { ask, journey } = journeys;
  const operator = () => ask<Record<string, unknown>>('GET /v1/operator');
  const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).click();
  const tryChannel = async (page: Page, target: string, verdict: string) => {
    await press(page, `Test ${target}`);
    await press(page, 'Send 1 test message');
    await page.getByRole('status').getByText(verdict).waitFor();
  };

  journey(
    'the console shows a channel of notices with its last failure, tests it, and removes it',
    async (opened, screen) => {
      const { page, open, check } = opened;
      await open('/notices');
      await page.getByText('Nobody is told.').waitFor();
      await check();
      await press(page, 'New channel…');
      await page.getByLabel('Address').fill(`ops-${screen.width}@broker.example`);
      await page.getByLabel('Months that were closed').uncheck();
      await check();
      await press(page, 'Add 1 channel');
      await page.getByText(`ops-${screen.width}@broker.example`).waitFor();
      await journeys.stack.pool.query(
        `update notice_channels set failures = 2, last_error = 'the server refused it: 550 no such user'`,
      );
      await press(page, 'New channel…');
      await page.getByLabel('By', { exact: true }).selectOption('slack');
      await page.getByLabel('URL').fill('http://10.0.0.1/hook');
      await press(page, 'Add 1 channel');
      await page.getByRole('alert').getByText('url').waitFor();
      await page.getByLabel('URL').fill(`${journeys.receiver.url}/hook`);
      await press(page, 'Add 1 channel');
      await page.getByText('550 no such user').waitFor();
      await tryChannel(page, new URL(journeys.receiver.url).host, 'delivered');
      await check();
      await press(page, 'Close');
      await tryChannel(page, `ops-${screen.width}@broker.example`, 'SMTP_URL is not set');
      await page.getByText('this installation has no mail server').waitFor();
      await check();
      await press(page, 'Close');
      await page.getByText('failed 2 times in a row').waitFor();
      await check();
      for (const target of [`ops-${screen.width}@broker.example`, new URL(journeys.receiver.url).host]) {
        await press(page, `Remove ${target}`);
        await press(page, 'Remove 1 channel');
        await page.getByRole('cell').getByText(target).waitFor({ state: 'detached' });
      }
      const { data } = await ask<{ data: unknown[] }>('GET /v1/notice-channels');
      assert.deepEqual(data, []);
    },
    { refusals: [400] },
  );

  journey(
    'the console says what a setting changes from and to, warns, and saves it',
    async (opened, screen) => {
      const { page, open, check } = opened;
      const days = screen.width === WIDE ? 45 : 60;
      await open('/settings');
      await page.getByText('no minimum').waitFor();
      await check();
      await press(page, 'Change Attribution');
      assert.ok(await page.getByRole('button', { name: 'Change 0 settings' }).isDisabled());
      await page.getByLabel('Click window (days)').fill(String(days));
      await page.getByRole('status').getByText(`${days} days`).waitFor();
      await page.getByText('Events whose click is older').waitFor();
      await check();
      await press(page, 'Change 1 setting');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      assert.equal((await operator())['click_window_days'], days);

      await press(page, 'Change Who may send events');
      await page.getByLabel('Allowed addresses').fill('nonsense');
      await press(page, 'Change 1 setting');
      await page.getByText('is not an address or range').waitFor();
      await check();
      await page.getByLabel('Allowed addresses').fill('127.0.0.0/8\n::1');
      await page.getByLabel('Rate limit (requests a second)').fill('5000');
      await press(page, 'Change 2 settings');
      await page.getByText('5000 requests a second').waitFor();
      await press(page, 'Change Events');
      await page.getByLabel('Parameter aliases').fill('orderno = transaction_id\nnoise =');
      await press(page, 'Change 1 setting');
      await page.getByText('noise → ignored').waitFor();
      await check();
      const saved = await operator();
      assert.deepEqual(saved['allowed_ips'], ['127.0.0.0/8', '::1']);
      assert.equal(saved['rate_per_second'], 5000);
      assert.deepEqual(saved['postback_aliases'], { orderno: 'transaction_id', noise: null });
      const asAtFirst = { allowed_ips: [], rate_per_second: null, postback_aliases: {} };
      await ask('PATCH /v1/operator', asAtFirst);
    },
    { refusals: [400] },
  );

  journey(
    'the console adds and removes an own name of an event, a currency, and an inbound secret',
    async (opened, screen) => {
      const { page, open, check } = opened;
      await open('/settings');
      await press(page, 'New name…');
      await page.getByLabel('Name', { exact: true }).fill('first_deposit');
      await page.getByLabel('Stands for').selectOption('ftd');
      await check();
      await press(page, 'Add 1 name');
      await page.getByRole('cell').getByText('first_deposit').waitFor();
      await press(page, 'New currency…');
      await page.getByLabel('Code').fill(`coin${screen.width}`);
      await page.getByLabel('Decimals').fill('6');
      await check();
      await press(page, 'Add 1 currency');
      await page.getByText(`COIN${screen.width}`).waitFor();
      await check();
      await press(page, 'Remove first_deposit');
      await press(page, 'Remove 1 name');
      await page.getByRole('cell').getByText('first_deposit').waitFor({ state: 'detached' });
      await press(page, 'New secret…');
      await press(page, 'Make 1 secret');
      await page.getByText('whsec_').waitFor();
      await check();
    },
  );

  journey(
    'the console takes in a file of events, and says of each line what became of it',
    async (opened, screen) => {
      const { page, open, check } = opened;
      const file = async (name: string, isTried: boolean) => {
        await press(page, 'New import…');
        const rows = [1, 2, 2].map((row) => `sale,${screen.width}-${row},c-1,10.00,USD`);
        const text = ['event,transaction_id,customer_id,amount,currency', ...rows, 'party,p-1,c-1,1.00,USD'];
        await page
          .getByLabel('File')
          .setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text.join('\n')) });
        if (!isTried) await page.getByLabel('Dry run').uncheck();
        await check();
        await press(page, `${isTried ? 'Try' : 'Take in'} ${name}`);
        const title = isTried ? 'Dry run of an import' : 'Import';
        await page.getByRole('heading', { name: title, level: 1, exact: true }).waitFor();
        await page.getByText('done', { exact: true }).waitFor();
      };
      await open('/imports');
      await check();
      await file('events.csv', true);
      await page.getByRole('link', { name: /Refused\s*1\s*would be refused/ }).click();
      await page.getByRole('cell').getByText('is not an event we know').waitFor();
      await check();
      assert.equal((await events(screen)).length, 0);
      assert.match(await savedBy(page, 'Refused as CSV'), /^line,status,.*\r\n4,refused,/);
      await page.getByRole('link', { name: 'Imports' }).last().click();
      await file('events.csv', false);
      await page.getByRole('row').filter({ hasText: 'There before' }).waitFor();
      await check();
      assert.equal((await events(screen)).length, 2);
      await page.getByRole('table').getByRole('link', { name: 'evt_…' }).first().click();
      await page.getByRole('heading', { name: `sale ${screen.width}-1`, level: 1 }).waitFor();
      await open('/imports');
      await page.getByRole('link', { name: '4 lines' }).first().waitFor();
      await check();
    },
  );

  /** Those of a screen's own file. */
  async function events({ width }: Screen): Promise<unknown[]> {
    const found = [1, 2].map((row) =>
      ask<{ data: unknown[] }>(`GET /v1/events?transaction_id=${width}-${row}`),
    );
    return (await Promise.all(found)).flatMap(({ data }) => data);
  }

  journey(
    'the console leads from an event without a rate to the rate, which settles it',
    async (opened, screen) => {
      const { page, open, check } = opened;
      const currency = screen.width === WIDE ? 'GBP' : 'CHF';
      const sale = { event: 'sale', transaction_id: `in-${currency}`, amount: '100.00', currency };
      const { id } = await ask('POST /v1/events', { ...sale, click_id: await journeys.click() });
      const status = async () => (await ask<{ status: string }>(`GET /v1/events/${id}`)).status;
      await eventually('the event to be set aside', async () => (await status()) === 'set_aside');
      await open('/set-aside');
      await page.getByRole('table', { name: 'Waits for a rate' }).getByText('1 event').waitFor();
      await check();
      await page.getByRole('link', { name: 'Enter this rate' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.waitFor();
      const today = new Date().toISOString().slice(0, 10);
      assert.equal(await dialog.getByLabel('Base currency').inputValue(), currency);
      assert.equal(await dialog.getByLabel('Quote currency').inputValue(), 'USD');
      assert.match(await page.getByLabel('From (UTC)').inputValue(), new RegExp(`^${today}T00:00`));
      await dialog.getByLabel('Rate', { exact: true }).fill('1.25');
      await page.getByLabel('Source').fill('our bank');
      await check();
      await press(page, 'Enter 1 rate');
      await page
        .getByRole('row')
        .filter({ hasText: `${currency} → USD` })
        .getByText('1.25')
        .waitFor();
      await eventually('the event to be settled', async () => (await status()) === 'settled');
      await page.getByRole('table', { name: 'Waits for a rate' }).waitFor({ state: 'detached' });
      await check();
    },
  );

  journey('the console closes a month that is over, and leads to its statements', async (opened, screen) => {
    const { page, open, check } = opened;
    const month = monthAgo(screen.width === WIDE ? 2 : 1);
    await open('/months');
    await page.getByText('not over yet').waitFor();
    await check();
    await press(page, `Close ${month}`);
    await page.getByText('A closed month never opens again.').waitFor();
    await check();
    await press(page, 'Close 1 month');
    const row = page.getByRole('row').filter({ hasText: month });
    await row.getByText('closed', { exact: true }).waitFor();
    await row.getByRole('link', { name: month }).click();
    await page.getByRole('heading', { name: `Month ${month}`, level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Test Media' }).waitFor();
    await page.getByRole('cell', { name: '50.00 USD' }).first().waitFor();
    await check();
    assert.match(await savedBy(page, 'CSV'), /^id,affiliate_id,/);
    await page.getByRole('link', { name: `${month}, USD` }).click();
    await page.getByRole('heading', { name: `Statement ${month}, USD`, level: 1 }).waitFor();
  });
});
