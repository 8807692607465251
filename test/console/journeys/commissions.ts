// Journeys through commissions in a real browser: their formula, approval, rejection and its
// withdrawal, and the decisions about one event.
import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import { describeJourneys } from '../../support/journeys.ts';
import type { Screen } from '../../support/console.ts';

type Listed = { id: string; state: string; amount: string };

describeJourneys('commissions in the console', {}, ({ ask, click, journey }) => {
  /** Sales of these transactions, booked. */
  async function sell(...transactions: string[]): Promise<void> {
    const sale = { event: 'sale', click_id: await click(), amount: '500.00', currency: 'USD' };
    const earlier = await count('');
    for (const id of transactions) await ask('POST /v1/events', { ...sale, transaction_id: id });
    await eventually(
      'the sales to be booked',
      async () => (await count('')) === earlier + transactions.length,
    );
  }

  const list = async (filter: string): Promise<Listed[]> =>
    (await ask<{ data: Listed[] }>(`GET /v1/commissions?${filter}`)).data;
  const count = async (filter: string): Promise<number> => (await list(filter)).length;
  /** A transaction of a screen's own. */
  const sale = (name: string, { width }: Screen) => `${name}-${width}`;

  journey(
    'the console approves the commissions that are chosen, and says for how many events',
    async ({ page, open, check }, screen) => {
      await sell(sale('a', screen), sale('b', screen), sale('c', screen));
      const pending = await count('state=pending');

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
    },
  );

  journey(
    'the console rejects a commission with a reason, and takes that back',
    async ({ page, open, check }, screen) => {
      await sell(sale('d', screen));
      const [pending] = await list('state=pending');
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
        const { state } = await ask<Listed>(`GET /v1/commissions/${pending!.id}`);
        return state === 'pending';
      });
      await page.getByRole('button', { name: 'Close' }).click();
      await page.getByRole('cell', { name: 'reinstated' }).waitFor();
    },
  );

  journey(
    'the console takes an event out of the books and puts it back',
    async ({ page, open, check }, screen) => {
      await open(`/events?transaction_id=${sale('a', screen)}`);
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
    },
  );
});
