// Journeys of people who correct what was booked, in a real browser: an event is amended, a
// customer is given to another affiliate or erased, a balance is adjusted.
import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import { describeJourneys } from '../../support/journeys.ts';

type Sums = { currency: string; payable: string; debt: string };

describeJourneys('corrections in the console', {}, (journeys) => {
  const { ask, click, journey } = journeys;

  /** A sale of a customer, booked. */
  async function sell(transaction: string, customer: string): Promise<string> {
    const sale = {
      event: 'sale',
      transaction_id: transaction,
      customer_id: customer,
      click_id: await click(),
    };
    const { id } = await ask('POST /v1/events', { ...sale, amount: '500.00', currency: 'USD' });
    await eventually('the sale to be settled', async () => {
      const { status } = await ask<{ status: string }>(`GET /v1/events/${id}`);
      return status === 'settled';
    });
    return id;
  }

  journey(
    'the console amends an event, which is rated again',
    async ({ page, open, check }, screen) => {
      const id = await sell(`amended-${screen.width}`, `amended-${screen.width}`);
      await open(`/events/${id}`);
      await page.getByRole('button', { name: 'Amend…' }).click();
      const amend = page.getByRole('button', { name: 'Amend 1 event' });
      await page.getByLabel('Reason').fill('typed wrong');
      assert.ok(await amend.isDisabled(), 'nothing differs yet');
      await page.getByLabel('Amount').fill('4e5');
      await amend.click();
      await page.getByRole('alert').getByText('amount').waitFor();
      await check();
      await page.getByLabel('Amount').fill('400.00');
      await amend.click();
      await page.getByRole('table', { name: 'Versions' }).getByText('typed wrong').waitFor();
      await page.getByRole('region', { name: '3 · Commission' }).getByText('40.00').first().waitFor();
      await check();
    },
    { refusals: [400] },
  );

  journey(
    'the console gives a customer to another affiliate, whom its events belong to then',
    async ({ page, open, check }, screen) => {
      const customer = `moved/${screen.width}`;
      const id = await sell(`moved-${screen.width}`, customer);
      const other = await ask('POST /v1/affiliates', { name: `Other ${screen.width}` });
      await open('/customers');
      await check();
      await open(`/events/${id}`);
      await page.getByRole('link', { name: customer }).click();
      await page.getByText('Belongs to', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Give to another affiliate…' }).click();
      await page.getByRole('combobox', { name: 'Affiliate' }).fill(other.id);
      await page.getByLabel('From (UTC)').fill('2026-01-01T00:00');
      await page.getByLabel('Reason').fill('agreed with both');
      await check();
      await page.getByRole('button', { name: 'Give 1 customer' }).click();
      await page.getByRole('table', { name: 'Given to others' }).getByText('agreed with both').waitFor();
      await check();
      await eventually('the event to belong to the other', async () => {
        const trace = await ask<{ attribution: { affiliate_id: string } }>(`GET /v1/events/${id}`);
        return trace.attribution.affiliate_id === other.id;
      });
    },
  );

  journey(
    'the console erases a customer once its id was typed again',
    async ({ page, open, check }, screen) => {
      const customer = `erased-${screen.width}`;
      const id = await sell(`erased-${screen.width}`, customer);
      await open(`/customers?id=${customer}`);
      await page.getByRole('button', { name: 'Erase…' }).click();
      const erase = page.getByRole('button', { name: 'Erase 1 customer' });
      assert.ok(await erase.isDisabled());
      await page.getByLabel('Its id once more').fill(customer);
      await check();
      await erase.click();
      await page.getByText('done').waitFor();
      await check();
      const { event } = await ask<{ event: { customer_id: string } }>(`GET /v1/events/${id}`);
      assert.match(event.customer_id, /^erased_/);
    },
    { refusals: [404] },
  );

  journey(
    'the console adjusts a balance both ways, and writes debt off',
    async ({ page, open, check }, screen) => {
      const { id } = await ask('POST /v1/affiliates', { name: `Adjusted ${screen.width}` });
      const sums = async () =>
        (await ask<{ balances: Sums[] }>(`GET /v1/affiliates/${id}/balance`)).balances[0];
      const adjust = async (amount: string) => {
        await page.getByRole('button', { name: 'Adjust…' }).click();
        await page.getByLabel('Currency').fill('usd');
        await page.getByLabel('Amount').fill(amount);
        await page.getByLabel('Reason').fill('agreed');
        await check();
        await page.getByRole('button', { name: 'Post 1 adjustment' }).click();
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      };
      await open(`/affiliates/${id}`);
      await adjust('25.00');
      assert.equal((await sums())!.payable, '25.00');
      await adjust('-10.00');
      assert.equal((await sums())!.debt, '10.00');
      await page.getByRole('button', { name: 'Write off USD debt…' }).click();
      await page.getByLabel('Reason').fill('goodwill');
      await check();
      await page.getByRole('button', { name: 'Write off 1 debt' }).click();
      await page.getByRole('button', { name: 'Write off USD debt…' }).waitFor({ state: 'detached' });
      assert.deepEqual([(await sums())!.payable, (await sums())!.debt], ['25.00', '0.00']);
      await check();
    },
  );

  journey(
    'the console compares a list of transactions with what is kept, and leads to what differs',
    async ({ page, open, check }, screen) => {
      const [good, less] = [`good-${screen.width}`, `less-${screen.width}`];
      await sell(good, good);
      await sell(less, less);
      const rows = [`${good},500.00,USD`, `${less},499.00,USD`, 'elsewhere,3.00,USD'];
      const text = ['transaction_id,amount,currency', ...rows].join('\n');
      await open('/reconciliation');
      const file = { name: 'list.csv', mimeType: 'text/csv' };
      await page.getByLabel('File').setInputFiles({ ...file, buffer: Buffer.from('amount\n1') });
      await page.getByRole('button', { name: 'Compare' }).click();
      await page.getByRole('alert').getByText('transaction_id').waitFor();
      await check();
      await page.getByLabel('File').setInputFiles({ ...file, buffer: Buffer.from(text) });
      await page.getByRole('button', { name: 'Compare' }).click();
      const differences = page.getByRole('table', { name: 'Differences' });
      await differences.getByText('missing here').waitFor();
      assert.equal(await differences.getByText(good).count(), 0, 'what matches is no difference');
      await check();
      await page.getByLabel('Result').selectOption('amount_differs');
      await differences.getByRole('link', { name: 'evt_…' }).click();
      await page.getByRole('heading', { name: `sale ${less}`, level: 1 }).waitFor();
    },
    { refusals: [400] },
  );

  journey('the console lists clicks, and leads to their events', async ({ page, open, check }, screen) => {
    await sell(`clicked-${screen.width}`, `clicked-${screen.width}`);
    await open('/clicks?seen=false');
    await check();
    await page.getByRole('link', { name: 'Its events' }).first().click();
    await page.getByRole('cell').getByText(`clicked-${screen.width}`).first().waitFor();
  });
});
