// Pictures of the console for README.md, taken of the same story as those of the Temporal UI.
import type { Browser } from 'playwright-core';
import type { Story } from './story.ts';

const SIZE = { width: 1280, height: 800 };
/** Charts draw when their library is there, which no text tells. */
const DRAWN = '.u-over';

/** Takes the pictures into a folder, and returns their names. */
export async function takeConsole(
  browser: Browser,
  apiUrl: string,
  { key, event, endpointId }: Pick<Story, 'key' | 'event' | 'endpointId'>,
  folder: string,
): Promise<string[]> {
  const pictures = [
    { name: 'console-overview', path: '/', theme: 'light', ready: DRAWN },
    { name: 'console-stuck', path: '/stuck', theme: 'light', ready: 'text=Casey tracker' },
    { name: 'console-trace', path: `/events/${event}`, theme: 'dark', ready: 'text=5.1' },
    { name: 'console-endpoint', path: `/endpoints/${endpointId}`, theme: 'light', ready: DRAWN },
  ] as const;
  for (const { name, path, theme, ready } of pictures) {
    const context = await browser.newContext({ viewport: SIZE, colorScheme: theme, timezoneId: 'UTC' });
    const page = await context.newPage();
    await page.goto(`${apiUrl}/console${path}`);
    await page.getByLabel('API key').fill(key);
    await page.keyboard.press('Enter');
    await page.locator(ready).first().waitFor();
    await page.locator('.loading').first().waitFor({ state: 'detached' });
    await page.screenshot({ path: `${folder}${name}.png` });
    await context.close();
  }
  return pictures.map(({ name }) => name);
}
