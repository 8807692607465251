// Journeys through setting up endpoints in a real browser: of an affiliate and of the operator,
// with the secret that is shown once, and a warning.
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { describeJourneys } from '../../support/journeys.ts';

type Endpoint = {
  id: string;
  name: string | null;
  affiliate_id: string | null;
  events: string[];
  max_in_flight: number;
  share_customer_id: boolean;
};

describeJourneys('endpoints in the console', {}, (journeys) => {
  const { ask, journey } = journeys;
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const named = async (name: string) =>
    (await ask<{ data: Endpoint[] }>('GET /v1/endpoints')).data.find((endpoint) => endpoint.name === name);

  journey(
    'the console adds an affiliate’s endpoint, shows its secret once, and warns of a second one',
    async ({ page, open, check }, screen) => {
      const name = `Tracker ${screen.width}`;
      await open('/endpoints');
      await check();
      await press(page, 'New endpoint…');
      await page.getByLabel('Name', { exact: true }).fill(name);
      await page.getByLabel('URL').fill('http://10.0.0.1/x');
      assert.ok(await page.getByRole('button', { name: 'Add 1 endpoint' }).isDisabled(), 'nobody’s');
      await page
        .getByRole('dialog')
        .getByRole('combobox', { name: 'Affiliate' })
        .fill(journeys.broker.affiliateId);
      await page.getByText('Test Media').last().waitFor();
      await check();
      await press(page, 'Add 1 endpoint');
      await page.getByRole('alert').getByText('url').waitFor();
      await page.getByLabel('URL').fill(`${journeys.receiver.url}/postbacks`);
      await press(page, 'Add 1 endpoint');
      await page.getByText('shown this once').waitFor();
      assert.match((await page.locator('.dialog code').textContent())!, /^whsec_/);
      await page.getByText('of the same affiliate has this URL too').waitFor();
      await check();
      await press(page, 'Open it, to test it');
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      assert.equal((await named(name))!.affiliate_id, journeys.broker.affiliateId);
    },
    { refusals: [400] },
  );

  journey(
    'the console adds, changes and removes a webhook of the operator, which is told of trouble too',
    async ({ page, open, check }, screen) => {
      const name = `Back office ${screen.width}`;
      await open('/endpoints');
      await press(page, 'New endpoint…');
      await page.getByLabel('Of', { exact: true }).selectOption('operator');
      await page.getByLabel('Name', { exact: true }).fill(name);
      await page.getByLabel('URL').fill(`${journeys.receiver.url}/own-${screen.width}`);
      await page.getByLabel('Conversions of all affiliates').uncheck();
      await page.getByLabel('delivery.gave_up').check();
      await page.getByLabel('Send the ids of customers').check();
      await page.getByText('Limits').click();
      await page.getByLabel('At once').fill('2');
      await check();
      await press(page, 'Add 1 endpoint');
      await page.getByText('shown this once').waitFor();
      await press(page, 'Close');
      const made = (await named(name))!;
      assert.deepEqual(
        [made.affiliate_id, made.events, made.max_in_flight, made.share_customer_id],
        [null, ['conversion.created', 'delivery.gave_up'], 2, true],
      );
      await page.getByRole('link', { name }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      await press(page, 'Change…');
      await page.getByText('Limits').click();
      await page.getByLabel('At once').fill('65');
      await press(page, 'Save 1 endpoint');
      await page.getByRole('alert').getByText('max_in_flight').waitFor();
      await check();
      await page.getByLabel('At once').fill('4');
      await press(page, 'Save 1 endpoint');
      await page.getByText('Saved.').waitFor();
      await press(page, 'Close');
      assert.equal((await named(name))!.max_in_flight, 4);
      await check();
      await press(page, 'Remove…');
      await press(page, 'Remove 1 endpoint');
      await page.getByText(`${name} is removed.`).waitFor();
      assert.equal(await named(name), undefined);
    },
    { refusals: [400] },
  );

  journey(
    'the console adds an endpoint to the affiliate whose page is open',
    async ({ page, open, check }, screen) => {
      const name = `Second ${screen.width}`;
      await open(`/affiliates/${journeys.broker.affiliateId}?tab=endpoints`);
      await press(page, 'New endpoint…');
      await page.getByLabel('Name', { exact: true }).fill(name);
      await page.getByLabel('URL').fill(`${journeys.receiver.url}/second-${screen.width}?cid={click_id}`);
      await page.getByLabel('Method').selectOption('GET');
      await check();
      await press(page, 'Add 1 endpoint');
      await page.getByText('shown this once').waitFor();
      await press(page, 'Close');
      await page.getByRole('link', { name }).waitFor();
      assert.equal((await named(name))!.affiliate_id, journeys.broker.affiliateId);
    },
  );
});
