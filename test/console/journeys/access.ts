// Journeys of people who give access in a real browser: API keys, and the administrator's
// operators.
import assert from 'node:assert/strict';
import { openConsole, savedBy } from '../../support/console.ts';
import { eventually } from '../../support/eventually.ts';
import { describeJourneys, eachScreen } from '../../support/journeys.ts';
import { ADMIN_TOKEN } from '../../support/stack.ts';

describeJourneys('access in the console', {}, (journeys) => {
  const { journey } = journeys;
  const statusFor = async (key: string) => (await journeys.stack.call('GET /v1/affiliates', { key })).status;

  journey('the console makes a key, shows it once, and revokes it', async ({ page, open, check }, screen) => {
    await open('/keys');
    await check();
    await page.getByRole('button', { name: 'New key…' }).click();
    await page.getByLabel('Name').fill(`finance ${screen.width}`);
    await page.getByLabel('Ends (UTC)').fill('2030-01-01T00:00');
    await check();
    await page.getByRole('button', { name: 'Make 1 key' }).click();
    await page.getByText('The key, shown this once').waitFor();
    const key = (await page.locator('.dialog code').textContent())!;
    assert.equal(await statusFor(key), 200);
    await check();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: `Revoke finance ${screen.width}` }).click();
    await page.getByRole('button', { name: 'Revoke 1 key' }).click();
    await page.getByRole('button', { name: `Revoke finance ${screen.width}` }).waitFor({ state: 'detached' });
    assert.equal(await statusFor(key), 401);
  });

  journey('the console makes a key that sees one affiliate’s own alone', async ({ page, open, check }) => {
    await open('/keys');
    await page.getByRole('button', { name: 'New key…' }).click();
    await page.getByLabel('Name').fill('partner');
    await page.getByLabel('Of', { exact: true }).selectOption('affiliate');
    await page.getByRole('combobox', { name: 'Affiliate' }).fill(journeys.broker.affiliateId);
    await page.getByText('Test Media').last().waitFor();
    await check();
    await page.getByRole('button', { name: 'Make 1 key' }).click();
    await page.getByText('The key, shown this once').waitFor();
    const key = (await page.locator('.dialog code').textContent())!;
    assert.equal(await statusFor(key), 403);
    const own = await journeys.stack.call(`GET /v1/affiliates/${journeys.broker.affiliateId}/balance`, {
      key,
    });
    assert.equal(own.status, 200);
  });

  journey(
    'the console shows who changed what, leads to the thing, and saves the log as CSV',
    async ({ page, open, check }, screen) => {
      const name = `Logged ${screen.width}`;
      const { id } = await journeys.ask('POST /v1/affiliates', { name });
      await eventually('the change to be in the log', async () => {
        const path = `GET /v1/audit-log?subject_id=${id}`;
        return (await journeys.ask<{ data: unknown[] }>(path)).data.length === 1;
      });
      await open('/audit-log');
      await page.getByText('affiliates: add').first().waitFor();
      await check();
      await page.getByLabel('What').selectOption('affiliates');
      await page.getByRole('textbox', { name: 'Of' }).fill(id);
      await page.keyboard.press('Enter');
      await page.getByRole('table').getByRole('link', { name: 'first', exact: true }).click();
      await page.waitForURL(/key_id=key_/);
      const saved = await savedBy(page, 'CSV');
      assert.match(saved, /^id,at,by,key_id,key_name,/);
      assert.ok(saved.includes(id));
      await check();
      await page.getByRole('link', { name: 'aff_…' }).first().click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
    },
  );

  eachScreen('the console lets the administrator make an operator, and a key for one', async (screen) => {
    const opened = await openConsole(journeys.browser, journeys.stack.url, screen);
    const { page, check } = opened;
    await page.getByLabel('API key').fill(ADMIN_TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Operators', level: 1 }).waitFor();
    await check();
    await page.getByRole('button', { name: 'New operator…' }).click();
    await page.getByLabel('Name', { exact: true }).fill(`Broker ${screen.width}`);
    await check();
    await page.getByRole('button', { name: 'Make 1 operator' }).click();
    await page.getByText('shown this once').waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).last().click();
    await page.getByRole('button', { name: `Make a key for Broker ${screen.width}` }).click();
    await page.getByRole('button', { name: 'Make 1 key' }).click();
    await page.getByText('The key, shown this once').waitFor();
    const key = (await page.locator('.dialog code').textContent())!;
    assert.equal(await statusFor(key), 200);
    await check();
    await opened.close();
  });
});
