// Takes the pictures of README.md and docs/OPERATIONS.md from the running system: a stack of its
// own, the story of story.ts, console, portal and Temporal UI in Chromium. `CHROMIUM_PATH`: where
// it is not Debian's.
// node --import ./typescript.mjs test/screenshots/run.ts
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { withOwnStack } from '../../bench/own-stack.ts';
import { stuckWorkflowsUrl } from '../../local/temporal.ts';
import { startBrowser } from '../support/browser.ts';
import { freePort } from '../support/ports.ts';
import { eventually } from '../support/eventually.ts';
import { takeConsole } from './console.ts';
import { takePortal } from './portal.ts';
import { tell } from './story.ts';

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const SIZE = { width: 1440, height: 900 };
const NAMESPACE = 'default';
const PAGE_MS = 30_000;
/** Width of the UI's menu, which no picture shows. */
const MENU = 256;

/** Columns that docs/OPERATIONS.md recommends for the list, in their order. */
const COLUMNS = [
  'AffiliateName',
  'EndpointName',
  'LastError',
  'Held',
  'GaveUp',
  'NotTold',
  'StuckSince',
  'Workflow ID',
];

/** What the UI keeps in the browser: the columns, and times as "5 minutes ago". */
const KEPT = {
  'namespace-workflow-table-columns': JSON.stringify({ [NAMESPACE]: COLUMNS.map((label) => ({ label })) }),
  relativeTime: 'true',
};

const receiver = { RECEIVER_PORT: String(await freePort()), DEMO: '1' };
await withOwnStack(async (stack) => {
  const workflows = await tell(stack);
  const browser = await startBrowser();
  try {
    const context = await browser.newContext({ viewport: SIZE, timezoneId: 'UTC' });
    await context.addInitScript(`Object.assign(localStorage, ${JSON.stringify(KEPT)})`);
    const page = await context.newPage();
    const uiUrl = stack.temporalUiUrl!;
    for (const takeOf of [takeConsole, takePortal])
      for (const name of await takeOf(browser, stack.apiUrl, workflows, FOLDER))
        console.log(`docs/images/${name}.png`);

    await page.goto(stuckWorkflowsUrl(uiUrl, NAMESPACE));
    await take(page, 'stuck-list', 520, 'Dana pixel');
    const details = async (workflowId: string, name: string, text: string) => {
      await openTab(page, uiUrl, workflowId, 'user-metadata');
      await take(page, name, 780, text);
    };
    await details(workflows.stuck, 'stuck-postback', 'Retrying after');
    await details(workflows.down, 'stuck-endpoint', 'postbacks wait');
    await details(workflows.gaveUp, 'gave-up-endpoint', 'were given up');
    await details(workflows.setAside, 'set-aside', 'no rate GBP→USD');

    await workflows.heal();
    await openTab(page, uiUrl, workflows.stuck, 'timeline');
    await take(page, 'stuck-postback-delivered', 860, '"delivered"');
  } finally {
    await browser.close();
  }
}, receiver);

/** Opens a tab of a workflow's latest run. */
async function openTab(page: Page, uiUrl: string, workflowId: string, tab: string): Promise<void> {
  await page.goto(`${uiUrl}/namespaces/${NAMESPACE}/workflows/${encodeURIComponent(workflowId)}`);
  await page.waitForURL('**/timeline');
  await page.goto(page.url().replace(/timeline$/, tab));
}

/** Saves the upper part of a page once it shows a text; the UI has Markdown in a frame. */
async function take(page: Page, name: string, height: number, text: string): Promise<void> {
  const isShown = async () => {
    // A frame may go while it is asked.
    const counts = page.frames().map((frame) =>
      frame
        .getByText(text)
        .locator('visible=true')
        .count()
        .catch(() => 0),
    );
    return (await Promise.all(counts)).some((count) => count > 0);
  };
  await eventually(`the page to show ${text}`, isShown, PAGE_MS);
  const clip = { x: MENU, y: 0, width: SIZE.width - MENU, height };
  await page.screenshot({ path: `${FOLDER}${name}.png`, clip });
  console.log(`docs/images/${name}.png`);
}
