// Journeys through reports in a real browser: figures by day, affiliate, link and type, days and
// filters, charts, and the file.
import assert from 'node:assert/strict';
import { createCountReports } from '../../../activities/upkeep/count-reports.ts';
import { savedBy } from '../../support/console.ts';
import { eventually } from '../../support/eventually.ts';
import { describeJourneys, type Journeys } from '../../support/journeys.ts';

const DAY_MS = 86_400_000;
const dayAgo = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
const [TWO_AGO, YESTERDAY] = [dayAgo(2), dayAgo(1)];

/** Three clicks and two sales of two days, one of them in another currency, and a refund. */
async function prepare({ ask, stack, broker }: Journeys): Promise<void> {
  await ask('POST /v1/fx-rates', {
    base: 'EUR',
    quote: 'USD',
    rate: '1.25',
    as_of: `${TWO_AGO}T00:00:00Z`,
    source: 'ours',
  });
  const click = (at: string) =>
    ask<{ click_id: string }>('POST /v1/clicks', { link_id: broker.linkId, clicked_at: at });
  const { click_id: clickId } = await click(`${TWO_AGO}T08:00:00Z`);
  await click(`${TWO_AGO}T09:00:00Z`);
  await click(`${YESTERDAY}T09:00:00Z`);
  const send = (event: object) =>
    ask('POST /v1/events', { click_id: clickId, customer_id: 'anna', ...event });
  const sale = { event: 'sale', currency: 'USD', amount: '1500.00' };
  const settled = async (count: number) => {
    const { data } = await ask<{ data: unknown[] }>('GET /v1/events?status=settled');
    return data.length === count;
  };
  await send({ ...sale, transaction_id: 's-1', occurred_at: `${TWO_AGO}T12:00:00Z` });
  await send({ ...sale, transaction_id: 's-2', currency: 'EUR', occurred_at: `${YESTERDAY}T12:00:00Z` });
  await eventually('both sales to be settled', () => settled(2));
  await send({
    event: 'refund',
    transaction_id: 'r-1',
    reference: 's-1',
    occurred_at: `${YESTERDAY}T13:00:00Z`,
  });
  await eventually('the refund to be settled', () => settled(3));
  const { id: operatorId } = await ask('GET /v1/operator');
  await stack.pool.query(`update report_progress set next_at = now() where operator_id = $1`, [operatorId]);
  await createCountReports({ pool: stack.pool, budgetMs: 20_000 }).countReports();
}

describeJourneys('reports in the console', { prepare }, (journeys) => {
  const { journey } = journeys;

  journey(
    'the console shows a report by day with charts, and saves it',
    async ({ page, open, check }, screen) => {
      await open('/');
      if (screen.width < 800) await page.getByRole('button', { name: 'Menu' }).click();
      await page.getByRole('link', { name: 'Reports' }).click();
      await page.getByRole('heading', { name: 'Reports', level: 1 }).waitFor();
      const report = page.getByRole('table', { name: 'Report' });
      await report.getByText(TWO_AGO).waitFor();
      await report.getByText('1,500.00 EUR').waitFor();
      await page.getByRole('figure', { name: 'Commission in USD' }).locator('canvas').waitFor();
      await page.getByRole('figure', { name: 'Clicks' }).locator('canvas').waitFor();
      // A chart has a row for screen readers for each of 30 days.
      const days = page.getByRole('figure', { name: 'Clicks' }).locator('.only-read tbody tr');
      assert.equal(await days.count(), 30);
      await check();
      const file = await savedBy(page, 'CSV');
      assert.match(file, /^day,event,affiliate_id,/);
      assert.ok(file.includes(`\n${TWO_AGO},`));
    },
  );

  journey(
    'the console groups a report by affiliate, and leads from one to its days',
    async ({ page, open, check }) => {
      await open('/reports');
      await page.getByLabel('By', { exact: true }).selectOption('affiliate');
      const report = page.getByRole('table', { name: 'Report' });
      await report.getByRole('link', { name: 'Test Media' }).waitFor();
      await check();
      await report.getByRole('link', { name: 'by day' }).click();
      await report.getByText(YESTERDAY).waitFor();
      await page.getByRole('search').getByTitle(journeys.broker.affiliateId).waitFor();
      const chosen = page.getByRole('combobox', { name: 'Affiliate', exact: true });
      await eventually('the name', async () => (await chosen.inputValue()) === 'Test Media');
      for (const [by, text] of [
        ['link', 'link_…'],
        ['type', 'refund'],
      ] as const) {
        await page.getByLabel('By', { exact: true }).selectOption(by);
        await report.getByText(text).first().waitFor();
        await check();
      }
    },
  );

  journey(
    'the console reports the days of a period, or those that are named, and says where they are too many',
    async ({ page, open, check }) => {
      await open('/reports');
      const report = page.getByRole('table', { name: 'Report' });
      await report.getByText(TWO_AGO).waitFor();
      await page.getByLabel('Period').selectOption('Yesterday');
      await report.getByText(TWO_AGO).waitFor({ state: 'detached' });
      await report.getByText(YESTERDAY).waitFor();
      assert.equal(await page.getByLabel('From').inputValue(), YESTERDAY);
      await page.getByLabel('From').fill(TWO_AGO);
      await report.getByText(TWO_AGO).waitFor();
      assert.equal(await page.getByLabel('Period').inputValue(), 'Own days');
      await page.getByLabel('From').fill('2020-01-01');
      await page.getByText('must be at most 92 days before the last day').waitFor();
      await check();
      await page.getByRole('button', { name: 'Clear' }).click();
      await report.getByText(TWO_AGO).waitFor();
      await page.getByLabel('Type of event').selectOption('bonus_abuse');
      await page.getByText('Nothing of this kind in these days.').waitFor();
      await check();
    },
    { refusals: [400] },
  );
});
