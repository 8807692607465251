// The console in a browser: signed in, and watched for errors, barriers and what does not fit.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';

export type Screen = { width: number; theme: 'light' | 'dark' };

/** The screens that every page must be right on. */
export const SCREENS: readonly Screen[] = [
  { width: 1440, theme: 'light' },
  { width: 360, theme: 'dark' },
];

const HEIGHT = 900;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PAGE_MS = 15_000;

export type Console = {
  page: Page;
  /** Opens a page of the console and waits for what it reads. */
  open(path: string): Promise<void>;
  /** Throws when the page has barriers or is wider than the screen. */
  check(): Promise<void>;
  /** Throws when the browser reported an error. */
  close(): Promise<void>;
};

/** Opens the console at its sign-in. */
export async function openConsole(browser: Browser, url: string, { width, theme }: Screen): Promise<Console> {
  const context = await browser.newContext({ viewport: { width, height: HEIGHT }, colorScheme: theme });
  const page = await context.newPage();
  page.setDefaultTimeout(PAGE_MS);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) errors.push(`${message.type()}: ${message.text()}`);
  });
  await page.goto(`${url}/console`);
  await page.locator('main h1').waitFor();
  return {
    page,
    async open(path) {
      await page.goto(`${url}/console${path}`);
      await page.locator('main h1').waitFor();
      await page.locator('.loading').first().waitFor({ state: 'detached' });
    },
    async check() {
      await page.evaluate(AXE);
      const { violations } = await page.evaluate<AxeResult>('axe.run()');
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      assert.deepEqual(found, [], page.url());
      const isWider = await page.evaluate<boolean>(`document.documentElement.scrollWidth > innerWidth`);
      assert.ok(!isWider, `${page.url()} is wider than ${width} px`);
    },
    async close() {
      await context.close();
      assert.deepEqual(errors, []);
    },
  };
}

type AxeResult = { violations: { id: string; nodes: { html: string }[] }[] };

export async function signIn({ page }: Console, key: string): Promise<void> {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
}
