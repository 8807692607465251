// Every page of the console in a real browser, on every screen and in both themes: free of barriers
// and errors, within the screen, and reached by its keys.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOnAllScreens, openConsole, SCREENS, signIn } from '../../support/console.ts';
import { eventually } from '../../support/eventually.ts';
import { describeJourneys, type Journeys } from '../../support/journeys.ts';
import { readSource } from '../../support/sources.ts';
import { ADMIN_TOKEN } from '../../support/stack.ts';

/** From the source: the pages themselves are no code for Node. */
const PAGES = readSource('console/frame/pages.ts')
  .split(/(?=path: ')/)
  .flatMap((entry) => {
    const [, path] = /^path: '([^']+)'/.exec(entry) ?? [];
    const [, key] = /key: '(.)'/.exec(entry) ?? [];
    return path === undefined ? [] : [{ path, key }];
  });

/** The page that the administrator has alone. */
const OPERATORS = '/operators';

type List = { data: { id: string }[] };
type Things = Readonly<Record<string, string>>;
/** An address of each other page, with ids of things that are there. */
let things: Things = {};

async function prepare(journeys: Journeys): Promise<void> {
  const { ask, click, receiver, broker, stack } = journeys;
  const { affiliateId, endpoint } = broker;
  receiver.isBroken = true;
  const sale = { event: 'sale', amount: '12.50', currency: 'USD' };
  const { id } = await ask('POST /v1/events', {
    ...sale,
    transaction_id: 'p-1',
    customer_id: 'c-1',
    click_id: await click(),
  });
  await ask('POST /v1/events', { ...sale, transaction_id: 'p-2', customer_id: 'nobody' });
  await ask('POST /v1/events', { ...sale, transaction_id: 'p-3', currency: 'GBP', click_id: await click() });
  await ask(`POST /v1/affiliates/${affiliateId}/adjustments`, {
    currency: 'USD',
    amount: '25.00',
    reason: 'agreed',
    idempotency_key: 'pages',
  });
  const statement = await makeStatement(journeys);
  const run = await ask('POST /v1/payout-runs', { currency: 'USD', dry_run: true });
  const payout = await ask('POST /v1/payouts', { affiliate_id: affiliateId, currency: 'USD' });
  const file = await fetch(`${stack.url}/v1/imports?dry_run=true`, {
    method: 'POST',
    headers: { authorization: `Bearer ${broker.key}`, 'content-type': 'text/csv' },
    body: 'event,transaction_id,customer_id\nparty,p-4,c-1\nregistration,p-5,c-5\n',
  });
  const imported = (await file.json()) as { id: string };
  const first = (path: string) =>
    eventually(`a row of ${path}`, async () => (await ask<List>(`GET ${path}`)).data[0]?.id);
  const [commission, delivery, deal, transfer] = await Promise.all([
    first('/v1/commissions'),
    first('/v1/deliveries?state=stuck'),
    first('/v1/deals'),
    first(`/v1/affiliates/${affiliateId}/ledger`),
  ]);
  things = {
    '/events/:id': `/events/${id}`,
    '/deliveries/:id': `/deliveries/${delivery}`,
    '/endpoints/:id': `/endpoints/${endpoint.id}`,
    '/affiliates/:id': `/affiliates/${affiliateId}`,
    '/commissions/:id': `/commissions/${commission}`,
    '/transfers/:id': `/transfers/${transfer}`,
    '/deals/:id': `/deals/${deal}`,
    '/payouts/:id': `/payouts/${payout.id}`,
    '/payout-runs/:id': `/payout-runs/${run.id}`,
    '/statements/:id': `/statements/${statement}`,
    '/statements/of/:affiliate': `/statements/of/${affiliateId}?currency=USD`,
    '/imports/:id': `/imports/${imported.id}`,
    '/months/:month': `/months/${new Date().toISOString().slice(0, 7)}`,
    '/customers': '/customers?id=c-1',
  };
  receiver.isBroken = false;
}

/**
 * A statement of the month before the last, into which the adjustment is moved: months close by the
 * clock.
 */
async function makeStatement({ ask, broker, stack }: Journeys): Promise<string> {
  const now = new Date();
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 2, 10)).toISOString();
  const period = month.slice(0, 7);
  await stack.pool.query(`begin; set local session_replication_role = replica;
    update transfers set posted_at = '${month}', occurred_at = '${month}', period = '${period}',
      origin_period = '${period}', id = id_bound('trf', '${month}') || right(id, 16)
    where affiliate_id = '${broker.affiliateId}' and code = 'adjust_up'; commit`);
  await ask(`POST /v1/periods/${period}/close`);
  const statements = `GET /v1/affiliates/${broker.affiliateId}/statements`;
  return eventually('the statement', async () => (await ask<List>(statements)).data[0]?.id);
}

/** Beside those of the list: a page in another state, and none at all. */
const MORE = ['/stuck?group=reason', '/deliveries?state=cancelled', '/nothing'];

describeJourneys('the pages of the console', { prepare }, (journeys) => {
  const addressOf = (path: string) => things[path] ?? path;

  test('every page of the console is free of barriers and errors, and fits, at each width in both themes', () =>
    journeys.inConsole(SCREENS[0]!, async (opened) => {
      const paths = PAGES.map(({ path }) => path).filter((path) => path !== OPERATORS);
      for (const path of [...paths.map(addressOf), ...MORE]) {
        assert.ok(!path.includes(':'), `${path} needs a thing to show`);
        await opened.open(path);
        await checkOnAllScreens(opened);
      }
    }));

  test('the administrator’s page of the console is free of barriers and fits, at each width in both themes', async () => {
    const opened = await openConsole(journeys.browser, journeys.stack.url, SCREENS[0]!);
    await signIn(opened, ADMIN_TOKEN, 'Operators');
    await checkOnAllScreens(opened);
    await opened.close();
  });

  test('the keys of the console lead to its pages and to the search, and not while a person types', () =>
    journeys.inConsole(SCREENS[0]!, async ({ page, open }) => {
      await open('/refusals');
      const pathname = () => new URL(page.url()).pathname.replace('/console', '');
      for (const { path, key } of PAGES) {
        if (key === undefined) continue;
        await page.keyboard.press('g');
        await page.keyboard.press(key);
        await page.waitForURL(
          (url) => url.pathname.replace(/\/$/, '') === `/console${path}`.replace(/\/$/, ''),
        );
      }
      await open('/refusals');
      await page.keyboard.press('/');
      assert.equal(await page.evaluate('document.activeElement.id'), 'find');
      await page.keyboard.press('g');
      await page.keyboard.press('s');
      assert.equal(await page.locator('#find').inputValue(), 'gs');
      assert.equal(pathname(), '/refusals');
      await page.locator('#find').fill('p-1');
      await page.keyboard.press('Enter');
      await page.waitForURL(/transaction_id=p-1$/);
    }));
});

test('no two pages of the console have the same keys', () => {
  const keys = PAGES.flatMap(({ key }) => key ?? []);
  assert.equal(new Set(keys).size, keys.length);
});
