// Journeys through affiliates in a real browser: a new one, its links and coupons, its portal, its
// payment details, its state.
import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import { describeJourneys, type Journeys } from '../../support/journeys.ts';

/** An affiliate with a parent, a balance, and a customer on the way to a bounty. */
async function prepare({ ask, click, broker: { affiliateId } }: Journeys): Promise<void> {
  const parent = await ask('POST /v1/affiliates', { name: 'Parent Network', external_id: 'network-1' });
  await ask(`PATCH /v1/affiliates/${affiliateId}`, {
    parent_id: parent.id,
    parent_since: '2026-11-01T00:00:00Z',
  });
  const bounty = { kind: 'cpa', on: 'deposit', amount: '50.00', min_amount: '300.00', qualify: 'cumulative' };
  const components = [bounty, { kind: 'percent', on: 'sale', percent: '10' }];
  await ask('POST /v1/deals', { name: 'Deposits', affiliate_id: affiliateId, terms: { components } });
  const event = { click_id: await click(), customer_id: 'anna-1', currency: 'USD' };
  await ask('POST /v1/events', { ...event, event: 'deposit', transaction_id: 'd-1', amount: '120.00' });
  await ask('POST /v1/events', { ...event, event: 'sale', transaction_id: 's-1', amount: '1234.50' });
  await eventually('a commission to be booked', async () => {
    const { balances } = await ask<{ balances: unknown[] }>(`GET /v1/affiliates/${affiliateId}/balance`);
    return balances.length === 1;
  });
}

describeJourneys('affiliates in the console', { prepare }, (journeys) => {
  const { journey } = journeys;

  journey(
    'the console finds an affiliate by its name, and shows its parent, balance and progress',
    async ({ page, open, check }) => {
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
    },
  );

  journey(
    'lists of the console are filtered by a part of an affiliate’s name, and an unknown tab is the first',
    async ({ page, open, check }) => {
      await open('/balances');
      const filter = page.getByRole('combobox', { name: 'Affiliate', exact: true });
      await filter.fill('nobody');
      await page.getByText('No affiliate is called so.').waitFor();
      await check();
      await filter.fill('est med');
      await page.keyboard.press('Enter');
      await page.waitForURL(/affiliate_id=aff_/);
      await page.getByRole('cell', { name: 'Test Media' }).waitFor();
      await page.waitForFunction(`document.activeElement.value === 'Test Media'`);
      await check();
      await open(`/affiliates/${journeys.broker.affiliateId}?tab=gone`);
      await page.getByRole('tabpanel').getByText('120.00 of 300.00').waitFor();
      await page.getByRole('tab', { name: 'Ledger' }).click();
      await page.getByRole('table', { name: 'Transfers' }).getByText('commission earned').first().waitFor();
      await check();
    },
  );

  journey(
    'the console makes an affiliate, a link and a coupon for it, and ends both',
    async ({ page, open, check }, screen) => {
      const name = `New Media ${screen.width}`;

      await open('/affiliates');
      await page.getByRole('button', { name: 'New affiliate…' }).click();
      await page.getByLabel('Name', { exact: true }).fill(name);
      await page.getByLabel('E-mail').fill('nobody');
      await page.getByRole('button', { name: 'Add 1 affiliate' }).click();
      await page.getByText('must be an e-mail address').waitFor();
      await page.getByLabel('E-mail').fill(`media${screen.width}@partner.example`);
      await page.getByLabel('Country').fill('de');
      await check();
      await page.getByRole('button', { name: 'Add 1 affiliate' }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      await page.getByRole('link', { name: `media${screen.width}@partner.example` }).waitFor();
      await page.getByText('DE', { exact: true }).waitFor();

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
      await link.getByRole('button', { name: /^Change/ }).click();
      await page.getByLabel('Parameters, one a line').fill('source={affiliate_id}\nlang');
      await page.getByText('A line must be a name').waitFor();
      await page.getByLabel('Parameters, one a line').fill('source={affiliate_id}\nlang=en');
      await page.getByLabel('Hosts of deep links').fill('*.broker.example');
      await check();
      await page.getByRole('button', { name: 'Change 1 link' }).click();
      await link.getByText('lang=en').waitFor();
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
    { refusals: [400] },
  );

  journey(
    'the console copies a link to the portal that opens the affiliate’s own',
    async ({ page, open, check }) => {
      await open(`/affiliates/${journeys.broker.affiliateId}`);
      await page.getByRole('button', { name: 'Portal link…' }).click();
      await page.getByRole('button', { name: 'Make 1 link' }).click();
      await page.getByText('The link is copied.').waitFor();
      await check();
      const url = await page.evaluate<string>('navigator.clipboard.readText()');
      const token = new URL(url).hash.replace('#token=', '');
      const { body } = await journeys.stack.call<{ affiliate: { id: string } }>('GET /session', {
        key: token,
      });
      assert.equal(body.affiliate.id, journeys.broker.affiliateId);
    },
  );

  journey(
    'the console seals payment details, and shows them masked',
    async ({ page, open, check }) => {
      await open(`/affiliates/${journeys.broker.affiliateId}?tab=payment`);
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
    { refusals: [400] },
  );

  journey(
    'the console suspends, closes and activates an affiliate, and says what that means',
    async ({ page, open, check }) => {
      await open(`/affiliates/${journeys.broker.affiliateId}`);
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
    },
  );

  journey(
    'the console changes an affiliate’s name and parent, from a time on',
    async ({ page, open, check }) => {
      await open('/affiliates?q=network-1');
      await page.getByRole('link', { name: 'Parent Network' }).click();
      await page.getByRole('tab', { name: 'Endpoints' }).click();
      await page.getByText('It has no endpoint.').waitFor();
      await page.getByRole('button', { name: 'Change…' }).click();
      await page.getByRole('combobox', { name: 'Parent' }).fill(journeys.broker.affiliateId);
      await page.getByLabel('From (UTC)').fill('2026-11-15T00:00');
      await check();
      await page.getByRole('button', { name: 'Change 1 affiliate' }).click();
      await page.getByText('an affiliate cannot stand above itself').waitFor();
    },
    { refusals: [400] },
  );
});
