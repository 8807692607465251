// Pictures of the affiliate's portal for README.md, of the affiliate whose postback is stuck.
import type { Browser } from 'playwright-core';
import type { Story } from './story.ts';

const SIZE = { width: 1280, height: 800 };

type Told = Pick<Story, 'key' | 'affiliateId' | 'event' | 'endpointId'>;

/** Takes the pictures into a folder, and returns their names. */
export async function takePortal(
  browser: Browser,
  apiUrl: string,
  { key, affiliateId, event, endpointId }: Told,
  folder: string,
): Promise<string[]> {
  const pictures = [
    { name: 'portal-balance', path: '', theme: 'light', ready: 'text=/^When .* becomes payable/' },
    { name: 'portal-event', path: `/events/${event}`, theme: 'light', ready: '[aria-label="Transfers"]' },
    { name: 'portal-endpoint', path: `/endpoints/${endpointId}`, theme: 'dark', ready: 'table' },
  ] as const;
  for (const { name, path, theme, ready } of pictures) {
    const context = await browser.newContext({ viewport: SIZE, colorScheme: theme, timezoneId: 'UTC' });
    const page = await context.newPage();
    const link = new URL(await newLink(apiUrl, key, affiliateId));
    await page.goto(apiUrl + link.pathname + link.hash);
    await page.getByRole('heading', { name: 'Balance', level: 1 }).waitFor();
    if (path !== '') await page.goto(apiUrl + link.pathname + path);
    await page.locator(ready).first().waitFor();
    await page.locator('.loading').first().waitFor({ state: 'detached' });
    await page.screenshot({ path: `${folder}${name}.png` });
    await context.close();
  }
  return pictures.map(({ name }) => name);
}

async function newLink(apiUrl: string, key: string, affiliateId: string): Promise<string> {
  const answer = await fetch(`${apiUrl}/v1/affiliates/${affiliateId}/portal`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
  });
  if (!answer.ok) throw new Error(`a link to the portal: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { url: string }).url;
}
