// Journeys through the affiliate's portal in a real browser: the link, money down to the event,
// statements, endpoints of one's own, and the portal in a frame of another site.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { checkOnAllScreens, openPortal, SCREENS, tabTo } from '../../support/console.ts';
import { eventually } from '../../support/eventually.ts';
import { describeJourneys, type Journeys } from '../../support/journeys.ts';
import { readSource } from '../../support/sources.ts';

/** From the source: the pages themselves are no code for Node. */
const PATHS = [...readSource('console/portal/pages.ts').matchAll(/path: '([^']+)', load/g)].map(
  ([, path]) => path!,
);

const CUSTOMER = 'anna-4711';
/** What the sales earn. */
const SALES = ['123.45', '8.00', '200.00'];
let sent = 0;

async function send({ ask, click }: Journeys, event: object): Promise<void> {
  const base = { event: 'sale', transaction_id: `t-${(sent += 1)}`, currency: 'USD' };
  await ask('POST /v1/events', { ...base, click_id: await click(), customer_id: CUSTOMER, ...event });
}

/** Money in every state, and a customer on the way to a bounty. */
async function prepare(journeys: Journeys): Promise<void> {
  const {
    ask,
    broker: { affiliateId },
  } = journeys;
  await ask('PATCH /v1/operator', { minimum_payouts: { USD: '50.00' } });
  const components = [
    { kind: 'cpa', on: 'deposit', amount: '50.00', min_amount: '300.00', qualify: 'cumulative' },
    { kind: 'percent', on: 'sale', percent: '10' },
  ];
  await ask('POST /v1/deals', { name: 'Both', affiliate_id: affiliateId, terms: { components } });
  await send(journeys, { event: 'deposit', amount: '120.00' });
  for (const amount of ['1234.50', '80.00', '2000.00']) await send(journeys, { amount });
  const { data } = await eventually('the sales to be settled', async () => {
    const list = await ask<{ data: { id: string; amount: string }[] }>('GET /v1/commissions');
    return SALES.every((amount) => list.data.some((one) => one.amount === amount)) && list;
  });
  const of = (amount: string) => data.find((commission) => commission.amount === amount)!.id;
  await ask(`POST /v1/commissions/${of('200.00')}/approve`, {});
  const payout = await ask('POST /v1/payouts', { affiliate_id: affiliateId, currency: 'USD' });
  await ask(`POST /v1/payouts/${payout.id}/confirm`, { external_reference: 'bank-1' });
  await ask(`POST /v1/commissions/${of('8.00')}/approve`, {});
}

describeJourneys('the portal', { prepare }, (journeys) => {
  const { ask, portalJourney } = journeys;

  portalJourney(
    'the portal opens by its link, forgets the token, and goes on until it is signed out',
    async (opened, screen) => {
      const { page } = opened;
      assert.equal(new URL(page.url()).hash, '');
      assert.doesNotMatch(
        await page.evaluate<string>('JSON.stringify({...localStorage, ...sessionStorage})'),
        /pt_/,
      );
      await page.getByText('200.00 USD').first().waitFor();
      await page.getByText('Your operator pays out 50.00 USD or more').waitFor();
      await page.getByText('USD is on hold').waitFor();
      await page
        .getByRole('table', { name: 'When USD becomes payable' })
        .getByText(/^\d commissions?$/)
        .first()
        .waitFor();
      await page.getByRole('table', { name: 'Payouts' }).getByText('bank-1').waitFor();
      await opened.check();
      await page.reload();
      await page.getByRole('heading', { name: 'Balance', level: 1 }).waitFor();
      if (screen.width < 800) await page.getByRole('button', { name: 'Menu' }).click();
      await page.getByText('Test Broker').first().waitFor();
      await opened.check();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('Open the link that your operator gave you.').waitFor();
      await opened.check();
    },
  );

  portalJourney(
    'the portal leads from an amount to its formula, its event and the postback',
    async (opened) => {
      const { page } = opened;
      await opened.open('/commissions');
      await opened.check();
      await page.getByRole('table').getByRole('link', { name: '123.45' }).click();
      await page.getByRole('heading', { name: /^Commission percent/, level: 1 }).waitFor();
      await page.getByText('10 % of the amount').first().waitFor();
      await opened.check();
      await page.getByRole('table', { name: 'Transfers' }).getByRole('link', { name: 'evt_…' }).click();
      await page.getByRole('heading', { name: /^sale t-/, level: 1 }).waitFor();
      await opened.check();
      assert.doesNotMatch(await page.content(), new RegExp(`${CUSTOMER}|key_`));
      await page.getByRole('link', { name: 'dlv_…' }).first().click();
      await page.getByRole('heading', { name: 'Postback', level: 1 }).waitFor();
      await page.getByRole('table', { name: 'Attempts' }).getByText('200', { exact: true }).waitFor();
      await opened.check();
      await opened.open('/progress');
      await page.getByText('120.00 of 300.00').waitFor();
      await page.getByText('not shared').waitFor();
      await opened.check();
    },
  );

  portalJourney('the portal shows a statement that prints, and saves it as CSV', async (opened) => {
    const { page } = opened;
    await opened.open('/statements');
    await opened.check();
    await page.getByRole('link', { name: 'USD' }).click();
    await page.getByRole('table', { name: 'Lines' }).getByText('123.45').first().waitFor();
    await opened.check();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ]);
    assert.match(file.suggestedFilename(), /^statement-\d{4}-\d\d-USD\.csv$/);
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.getByRole('button', { name: 'Print' }).isVisible(), false);
    assert.equal(await page.locator('.sidebar').isVisible(), false);
    await opened.check();
    await page.emulateMedia({ media: 'screen' });
  });

  portalJourney(
    'the portal adds, tests, changes and removes an endpoint, and shows how to verify it',
    async (opened, screen) => {
      const { page } = opened;
      const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
      await opened.open('/endpoints');
      await opened.check();
      await press('New endpoint…');
      await page.getByLabel('URL').fill('http://10.0.0.1/x');
      await opened.check();
      await press('Add 1 endpoint');
      await page.getByRole('alert').getByText('url').waitFor();
      await page.getByLabel('URL').fill(`${journeys.receiver.url}/mine?cid={click_id}`);
      await page.getByLabel('Name', { exact: true }).fill(`Mine ${screen.width}`);
      await press('Add 1 endpoint');
      await page.getByText('whsec_').waitFor();
      await opened.check();
      await press('Open it, to test it');
      await page.getByRole('heading', { name: `Mine ${screen.width}`, level: 1 }).waitFor();
      await opened.check();
      await press('Test');
      await press('Send 1 test postback');
      await page.getByText('First byte').waitFor();
      await opened.check();
      await press('Close');
      await press('Change…');
      await page.getByLabel('Signature').selectOption('v1a');
      await press('Save 1 endpoint');
      await page.getByText('Saved.').waitFor();
      await press('Close');
      await page.getByRole('tab', { name: 'Verify' }).click();
      await page.getByText('whpk_').first().waitFor();
      for (const language of ['Node', 'Python', 'PHP', 'Go']) {
        await page.getByRole('tab', { name: language }).click();
        await page
          .getByText(/isGenuine|is_genuine|IsGenuine/)
          .first()
          .waitFor();
      }
      await opened.check();
      await page.getByRole('tab', { name: 'Settings' }).click();
      await opened.check();
      await press('Remove…');
      await press('Remove 1 endpoint');
      await page.getByText(`Mine ${screen.width} is removed.`).waitFor();
      await page.getByRole('heading', { name: 'Endpoints', level: 1 }).waitFor();
    },
    { refusals: [400] },
  );

  portalJourney('the portal sends a postback again that failed, by the keyboard alone', async (opened) => {
    journeys.receiver.isBroken = true;
    await send(journeys, { amount: '10.00' });
    const stuck = await eventually('the postback to fail', async () => {
      const list = await ask<{ data: { id: string }[] }>(
        `GET /v1/deliveries?state=retrying&endpoint_id=${journeys.broker.endpoint.id}`,
      );
      return list.data[0];
    });

    const { page } = opened;
    await opened.open('/deliveries?state=stuck');
    await page.getByRole('table').getByText('HTTP 503').first().waitFor();
    await opened.check();
    journeys.receiver.isBroken = false;
    await opened.open(`/deliveries/${stuck.id}`);
    await tabTo(opened, 'Try now');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await tabTo(opened, 'Try now: 1 postback');
    await page.keyboard.press('Enter');
    await page.getByRole('table', { name: 'Attempts' }).getByText('200', { exact: true }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Give up' }).count(), 0);
    await opened.check();
  });

  test('every page of the portal is free of barriers and errors, and fits, at each width in both themes', async () => {
    const first = async (path: string) => (await ask<{ data: { id: string }[] }>(`GET ${path}`)).data[0]?.id;
    const { affiliateId, endpoint } = journeys.broker;
    const things: Record<string, string | undefined> = {
      commissions: await first('/v1/commissions'),
      events: await first(`/v1/events?affiliate_id=${affiliateId}`),
      statements: 'current?currency=USD',
      endpoints: endpoint.id,
      deliveries: await first('/v1/deliveries'),
    };
    const opened = await openPortal(journeys.browser, await journeys.portalLink(), SCREENS[0]!);
    for (const path of [...PATHS, '/nothing']) {
      const [, list = '', needsId] = path.split('/');
      if (needsId) assert.ok(things[list], `${path} needs a thing to show`);
      await opened.open(path.replace(':id', things[list] ?? ''));
      await checkOnAllScreens(opened);
    }
    await opened.close();
  });

  test('a link that has ended says so in words, and whom to ask', async () => {
    const link = await journeys.portalLink();
    await journeys.stack.pool.query(`update sessions set expires_at = now() where affiliate_id = $1`, [
      journeys.broker.affiliateId,
    ]);
    for (const screen of SCREENS) {
      const opened = await openPortal(journeys.browser, link, screen);
      await opened.page.getByText('This link has ended: ask Test Broker for a new one.').waitFor();
      await opened.check();
      await opened.close([401]);
    }
  });

  test('whoever looks at a portal stays signed in to the console', async () => {
    await journeys.inConsole(SCREENS[0]!, async ({ page, open }) => {
      await page.goto(await journeys.portalLink());
      await page.getByRole('heading', { name: 'Balance', level: 1 }).waitFor();
      await open('/');
      await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    });
  });

  test('a site that the operator names shows the portal in a frame, and another site does not', async () => {
    const site = await startSite();
    const { port } = site.address() as AddressInfo;
    const origin = `http://localhost:${port}`;
    await ask('PATCH /v1/operator', { portal_origins: [origin] });
    const context = await journeys.browser.newContext();
    const page = await context.newPage();
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', ({ message }) => said.push(message));
    const frame = page.frameLocator('iframe');
    const visit = async () => page.goto(`${origin}/?${encodeURIComponent(await journeys.portalLink())}`);
    try {
      await visit();
      const balance = frame.getByRole('heading', { name: 'Balance', level: 1 });
      await balance
        .waitFor({ timeout: 10_000 })
        .catch(() => assert.fail(said.join('\n') || 'nothing was shown'));
      await frame.getByText('200.00').first().waitFor();
      const cookies = await context.cookies();
      assert.deepEqual(
        cookies.map(({ name, sameSite, secure, httpOnly }) => ({ name, sameSite, secure, httpOnly })),
        [{ name: 'postrider_portal', sameSite: 'None', secure: true, httpOnly: true }],
      );
      await ask('PATCH /v1/operator', { portal_origins: [] });
      said.length = 0;
      await visit();
      await eventually('the browser to refuse the frame', () =>
        Promise.resolve(said.some((text) => text.includes('frame-ancestors'))),
      );
    } finally {
      await context.close();
      site.closeAllConnections();
      site.close();
    }
  });

  /** A page of another site with a frame of the address in its query. */
  async function startSite(): Promise<Server> {
    const site = createServer((req, res) => {
      const framed = decodeURIComponent(req.url!.split('?')[1] ?? '');
      res.setHeader('content-type', 'text/html');
      res.end(
        `<!doctype html><title>site</title><iframe src="${framed}" width="1200" height="800"></iframe>`,
      );
    });
    await new Promise<void>((resolve) => site.listen(0, 'localhost', resolve));
    return site;
  }
});
