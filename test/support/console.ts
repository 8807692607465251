// The console in a browser: signed in, and watched for errors, barriers and what does not fit.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';

export type Screen = { width: number; theme: 'light' | 'dark' };

/** The screens that every page must be right on. */
export const SCREENS: readonly Screen[] = [
  { width: 1440, theme: 'light' },
  { width: 360, theme: 'dark' },
];

/** Each width with the other theme. */
const OTHER_SCREENS: readonly Screen[] = SCREENS.map(({ width, theme }) => ({
  width,
  theme: theme === 'light' ? 'dark' : 'light',
}));

const HEIGHT = 900;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Nothing but violations is read; style sheets need no second request. */
const AXE_OPTIONS = JSON.stringify({ resultTypes: ['violations'], preload: false });
const PAGE_MS = 30_000;
const TABS_AT_MOST = 60;
/** A folder for a picture of each page that is checked, to look at; without it none are made. */
const PICTURES = process.env['CONSOLE_PICTURES'];

export type Console = {
  page: Page;
  /** Opens a page of the console and waits for what it reads. */
  open(path: string): Promise<void>;
  /** Throws when the page has barriers or is wider than the screen. */
  check(): Promise<void>;
  /** Throws when the browser reported an error, beside requests refused with one of `refusals`. */
  close(refusals?: readonly number[]): Promise<void>;
};

/** Opens the console at its sign-in. */
export const openConsole = (browser: Browser, url: string, screen: Screen): Promise<Console> =>
  openAlone(browser, `${url}/console`, screen);

/** Opens the portal by a link to it. */
export const openPortal = (browser: Browser, link: string, screen: Screen): Promise<Console> =>
  openAlone(browser, link, screen);

/** A state of the browser on a screen. Its pages share cookies, and scripts that one has read. */
export const newContext = (browser: Browser, { width, theme }: Screen): Promise<BrowserContext> =>
  browser.newContext({
    viewport: { width, height: HEIGHT },
    colorScheme: theme,
    permissions: ['clipboard-read', 'clipboard-write'],
  });

async function openAlone(browser: Browser, address: string, screen: Screen): Promise<Console> {
  const context = await newContext(browser, screen);
  const opened = await openPage(context, address);
  await opened.page.goto(address);
  await opened.page.locator('main h1').waitFor();
  return {
    ...opened,
    async close(refusals) {
      await context.close();
      await opened.close(refusals);
    },
  };
}

/**
 * A blank page in a context that is signed in; `open` goes somewhere. `address`: other pages are
 * below it, without its fragment.
 */
export async function openPage(context: BrowserContext, address: string): Promise<Console> {
  const page = await context.newPage();
  page.setDefaultTimeout(PAGE_MS);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) errors.push(`${message.type()}: ${message.text()}`);
  });
  const root = address.split('#')[0]!;
  return {
    page,
    async open(path) {
      await page.goto(root + path);
      await page.locator('main h1').waitFor();
      await page.locator('.loading').first().waitFor({ state: 'detached' });
    },
    async check() {
      if (PICTURES !== undefined) await savePicture(page);
      if (!(await page.evaluate<boolean>(`'axe' in globalThis`))) await page.evaluate(AXE);
      const { violations } = await page.evaluate<AxeResult>(`axe.run(${AXE_OPTIONS})`);
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      assert.deepEqual(found, [], page.url());
      const isWider = await page.evaluate<boolean>(`document.documentElement.scrollWidth > innerWidth`);
      assert.ok(!isWider, `${page.url()} is wider than ${page.viewportSize()!.width} px`);
    },
    async close(refusals = []) {
      await page.close();
      const isExpected = (error: string) =>
        refusals.some((status) => error.includes(`a status of ${status}`));
      assert.deepEqual(
        errors.filter((error) => !isExpected(error)),
        [],
      );
    },
  };
}

/**
 * Checks the page on every screen and in both themes without loading it anew, and leaves it on the
 * last one.
 */
export async function checkOnAllScreens({ page, check }: Console): Promise<void> {
  for (const { width, theme } of [...OTHER_SCREENS, ...SCREENS]) {
    await page.setViewportSize({ width, height: HEIGHT });
    await page.emulateMedia({ colorScheme: theme });
    await check();
  }
}

let pictures = 0;

async function savePicture(page: Page): Promise<void> {
  pictures += 1;
  const isDark = await page.evaluate<boolean>(`matchMedia('(prefers-color-scheme: dark)').matches`);
  const theme = isDark ? 'dark' : 'light';
  const place = new URL(page.url()).pathname.replaceAll('/', '-').slice(1);
  const name = `${String(pictures).padStart(3, '0')}${place}-${page.viewportSize()!.width}-${theme}.png`;
  await page.screenshot({ path: `${PICTURES}/${name}`, fullPage: true, animations: 'disabled' });
}

type AxeResult = { violations: { id: string; nodes: { html: string }[] }[] };

/** Signs in with an operator's key. */
/** `first`: the page that it begins with, which is another one for the administrator. */
export async function signIn({ page }: Console, key: string, first = 'Overview'): Promise<void> {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: first, level: 1 }).waitFor();
}

/** Presses Tab until the focus is on the button of this name. */
export async function tabTo({ page }: Console, name: string): Promise<void> {
  const button = page.getByRole('button', { name, exact: true });
  await button.waitFor();
  for (let step = 0; step < TABS_AT_MOST; step += 1) {
    if ((await page.evaluate('document.activeElement.textContent')) === name) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`no Tab leads to ${name}`);
}

/** The text of the file that a button saves. */
export async function savedBy(page: Page, button: string): Promise<string> {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button, exact: true }).click(),
  ]);
  return readFileSync(await file.path(), 'utf8');
}
