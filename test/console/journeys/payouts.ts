// Journeys through deals and pay day in a real browser: other terms previewed and added, balances,
// a dry run and a run, its files, the bank's list, a statement.
import assert from 'node:assert/strict';
import { savedBy, type Console } from '../../support/console.ts';
import { eventually } from '../../support/eventually.ts';
import { describeJourneys, eachScreen, type Journeys } from '../../support/journeys.ts';

const BANK = { method: 'bank', holder: 'Jane Doe', iban: 'DE89 3704 0044 0532 0130 00' };

/** 50.00 USD for a sale, payable. */
async function earn({ ask, click }: Journeys, transaction: string): Promise<void> {
  const sale = { event: 'sale', transaction_id: transaction, amount: '500.00', currency: 'USD' };
  await ask('POST /v1/events', { ...sale, click_id: await click() });
  const pending = () => ask<{ data: { id: string }[] }>('GET /v1/commissions?state=pending');
  await eventually('a commission', async () => (await pending()).data.length === 1);
  await ask('POST /v1/commissions/approve', { ids: (await pending()).data.map(({ id }) => id) });
}

const prepare = (journeys: Journeys) => earn(journeys, 'first');

describeJourneys('deals and pay day in the console', { prepare }, (journeys) => {
  const { ask, journey } = journeys;

  journey(
    'the console previews other terms, says what is wrong by path, and adds a version',
    async (opened, screen) => {
      const amount = screen.width === 1440 ? '20' : '30';
      const visit = async ({ page, open, check }: Console) => {
        await open('/deals');
        await check();
        await page.getByRole('link', { name: 'Standard' }).click();
        await page.getByText('in force').waitFor();
        const terms = page.getByRole('textbox', { name: 'Terms' });
        const given = await terms.inputValue();
        await terms.fill(given.replace('"percent": ', '"percent": "x", "was": '));
        await page.getByRole('button', { name: 'Preview' }).click();
        await page.getByText('terms.components.1.was').waitFor();
        await check();
        await terms.fill(`${given},`);
        await page.getByText('This is not JSON yet').waitFor();
        await terms.fill(given.replace(/"percent": "\d+"/, `"percent": "${amount}"`));
        await page.getByRole('button', { name: 'Preview' }).click();
        await page.getByText('Nothing was posted.').waitFor();
        await page
          .getByRole('table', { name: 'Preview by affiliate and month' })
          .getByText('percent:sale')
          .waitFor();
        await check();
        await page.getByRole('button', { name: 'Add as a version…' }).click();
        await page.getByRole('dialog').getByLabel('From (UTC)').fill('2027-01-01T00:00');
        await check();
        await page.getByRole('button', { name: 'Add 1 version' }).click();
      };

      await visit(opened);
      if (screen.width === 1440) {
        await opened.page.locator('mark').getByText('20').waitFor();
        await opened.page.getByText('version 2, ').waitFor();
      } else {
        await opened.page
          .getByText('a version of this deal takes effect at this very time already')
          .waitFor();
      }
      await opened.check();

      const { data } = await ask<{ data: { name: string; versions: unknown[] }[] }>('GET /v1/deals');
      const { versions } = data.find(({ name }) => name === 'Standard')!;
      assert.equal(versions.length, 2);
    },
    { refusals: [400, 409] },
  );

  journey('the console makes a deal and ends it', async ({ page, open, check }, screen) => {
    await open('/deals');
    await page.getByRole('button', { name: 'New deal…' }).click();
    await page.getByLabel('Name').fill(`Default ${screen.width}`);
    await check();
    await page.getByRole('button', { name: 'Make 1 deal' }).click();
    await page.getByRole('heading', { name: `Default ${screen.width}`, level: 1 }).waitFor();
    await page.getByRole('button', { name: 'End…' }).click();
    await page.getByRole('button', { name: 'End 1 deal' }).click();
    await page.getByText('ended', { exact: true }).waitFor();
    await check();
  });

  eachScreen(
    'the console makes a dry run, then pays, downloads files, and confirms by the bank’s list',
    async (screen) => {
      await ask(`DELETE /v1/affiliates/${journeys.broker.affiliateId}/payment-details`);
      if (screen.width !== 1440) await earn(journeys, `second-${screen.width}`);
      const visit = async ({ page, open, check }: Console) => {
        await open('/balances');
        await page
          .getByRole('cell', { name: /\d0\.00/ })
          .first()
          .waitFor();
        await check();
        assert.match(await savedBy(page, 'CSV'), /^affiliate_id,.*due\r\naff_/);
        await page.getByRole('link', { name: 'Payout runs' }).last().click();
        await page.getByRole('button', { name: 'New run…' }).click();
        await check();
        await page.getByRole('button', { name: 'Start 1 dry run' }).click();
        await page.getByText('not paid until it is known how').waitFor();
        await check();
        await ask(`PUT /v1/affiliates/${journeys.broker.affiliateId}/payment-details`, BANK);
        await open('/payout-runs');
        await page.getByRole('button', { name: 'New run…' }).click();
        await page.getByRole('button', { name: 'Start 1 dry run' }).click();
        await page.getByText('a run would make this payout').waitFor();
        await page.getByRole('button', { name: 'Pay these…' }).click();
        await page.getByText('It reserves what is due').waitFor();
        await check();
        await page.getByRole('button', { name: 'Start 1 payout run' }).click();
        await page.getByText('a payout was made').waitFor();
        await page.getByRole('cell', { name: 'reserved' }).waitFor();
        await check();
        if (screen.width === 1440) {
          await page.getByRole('button', { name: 'pain.001', exact: true }).click();
          await page.getByText('give the account that you pay from').waitFor();
          await check();
          await page.getByRole('button', { name: 'Close' }).click();
          const here = new URL(page.url()).pathname.replace('/console', '');
          await open('/payout-runs');
          await page.getByRole('button', { name: 'Set…' }).click();
          await page.getByLabel('Holder').fill('Test Broker');
          await page.getByLabel('IBAN').fill(BANK.iban);
          await page.getByRole('button', { name: 'Replace the account' }).click();
          await page.getByText('DE89…3000').waitFor();
          await check();
          await open(here);
        }
        assert.match(await savedBy(page, 'pain.001'), /<EndToEndId>pay-/);
        const csv = await savedBy(page, 'CSV with accounts');
        assert.match(csv, /DE89370400440532013000/);
        const [payout] = /pay_\w+/.exec(csv)!;
        await page.getByRole('button', { name: 'Bank’s list…' }).click();
        await page
          .getByLabel('File')
          .setInputFiles({ name: 'run.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
        await page.getByRole('button', { name: 'Confirm by run.csv' }).click();
        await page.getByText('No line has a status').waitFor();
        await page.getByRole('button', { name: 'Close' }).click();
        await page.getByRole('button', { name: 'Bank’s list…' }).click();
        await page.getByLabel('File').setInputFiles({
          name: 'bank.csv',
          mimeType: 'text/csv',
          buffer: Buffer.from(
            `payout_id,status,external_reference\n${payout},paid,B-${screen.width}\nnone,paid,\n`,
          ),
        });
        await page.getByRole('button', { name: 'Confirm by bank.csv' }).click();
        await page.getByText('2 lines; 1 changed nothing.').waitFor();
        await check();
        await page.getByRole('button', { name: 'Close' }).click();
        await page.getByRole('cell', { name: /\bpaid$/ }).waitFor();
        await open(`/payouts/${payout}`);
        await page.getByText('It arrived.').waitFor();
        await check();
        await open('/payouts?state=paid');
        await page.getByText(`B-${screen.width}`).waitFor();
        await check();
      };
      await journeys.inConsole(screen, visit, { refusals: [422] });
    },
  );

  journey('the console takes a payout back that the bank returned', async ({ page, open, check }) => {
    const { data } = await ask<{ data: { id: string }[] }>('GET /v1/payouts?state=paid');

    await open(`/payouts/${data[0]!.id}`);
    await page.getByRole('button', { name: 'Return…' }).click();
    await page.getByLabel('Reason').fill('account closed');
    await page.getByRole('button', { name: 'Return 1 payout' }).click();
    await page.getByRole('cell', { name: 'account closed' }).waitFor();
    await page.getByText('the money is payable again').waitFor();
    await check();
  });

  journey(
    'the console shows the statement of the open month, fit to print',
    async ({ page, open, check }, screen) => {
      await open(`/affiliates/${journeys.broker.affiliateId}?tab=statements`);
      await page.getByText('No month is closed yet.').waitFor();
      await check();
      await page.getByRole('link', { name: 'This month in USD' }).click();
      await page.getByRole('heading', { name: /^Statement \d{4}-\d\d, USD$/, level: 1 }).waitFor();
      await page.getByText('10 % of the amount').first().waitFor();
      await check();
      assert.match(await savedBy(page, 'CSV'), /opening balance/);
      await page.emulateMedia({ media: 'print' });
      assert.ok(!(await page.getByRole('navigation').isVisible()));
      assert.ok(!(await page.getByRole('button', { name: 'Print…' }).isVisible()));
      // No paper is as narrow as a phone.
      if (screen.width > 800) await check();
    },
  );
});
