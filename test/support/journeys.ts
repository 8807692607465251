// Journeys through console and portal: a stack with a worker, a receiver and a browser for all of a
// process, an operator for each group of journeys, and each journey on every screen.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, BrowserContext } from 'playwright-core';
import { withBroker, type Broker } from './broker.ts';
import { noBrowser, startBrowser } from './browser.ts';
import {
  newContext,
  openConsole,
  openPage,
  openPortal,
  SCREENS,
  signIn,
  type Console,
  type Screen,
} from './console.ts';
import { startReceiver, type FaultyReceiver } from './faulty-receiver.ts';
import { withStack, type TestStack } from './stack.ts';

const SETTINGS = { TEMPORAL_UI_URL: 'http://ui.example' };
/** Postbacks that fail are sent again by hand only. */
const SCHEDULE = [0, 36_000];

export type Visit = (opened: Console, screen: Screen) => Promise<void>;
/** Statuses of refused requests that a journey means to cause. */
type Expected = { refusals?: readonly number[] };

export type Journeys = {
  readonly stack: TestStack;
  readonly broker: Broker;
  readonly browser: Browser;
  /** Where the operator's endpoint leads. While it is broken it answers 503. */
  readonly receiver: { readonly url: string; isBroken: boolean };
  /** Calls the API with the operator's key. Throws for a refusal. */
  ask<Body = { id: string }>(request: string, body?: object): Promise<Body>;
  /** Makes a click on the operator's link, and returns its id. */
  click(): Promise<string>;
  /** A new link to the affiliate's portal, at the stack's address. */
  portalLink(): Promise<string>;
  /** One test for each screen, in the console as the operator; it begins with `open`. */
  journey(title: string, visit: Visit, expected?: Expected): void;
  /** One test for each screen, in the portal as the affiliate. */
  portalJourney(title: string, visit: Visit, expected?: Expected): void;
  /** The console as the operator, for a test that is no journey. */
  inConsole(screen: Screen, visit: Visit, expected?: Expected): Promise<void>;
};

/** What all journeys of a process share. */
type Shared = { stack: TestStack; browser: Browser; server: FaultyReceiver; receiver: Journeys['receiver'] };

let shared: Promise<Shared> | undefined;

async function share(): Promise<Shared> {
  const receiver = { url: '', isBroken: false };
  const server = await startReceiver({
    handler: (_, response) =>
      void response.writeHead(receiver.isBroken ? 503 : 200).end(receiver.isBroken ? 'broken' : 'ok'),
  });
  const [stack, browser] = await Promise.all([withStack(SETTINGS), startBrowser()]);
  await stack.startWorker();
  return { stack, browser, server, receiver: Object.assign(receiver, { url: server.url }) };
}

after(async () => {
  const { stack, browser, server } = (await shared?.catch(() => undefined)) ?? {};
  await browser?.close();
  await stack?.close();
  await server?.close();
});

/**
 * Declares a group of journeys, which has an operator of its own. `prepare`: what they find there.
 * Without a browser they are skipped.
 */
export function describeJourneys(
  title: string,
  { prepare }: { prepare?: (journeys: Journeys) => Promise<void> },
  declare: (journeys: Journeys) => void,
): void {
  describe(title, { skip: noBrowser }, () => {
    const own: Partial<Pick<Journeys, 'stack' | 'browser' | 'receiver' | 'broker'>> = {};
    const journeys = createJourneys(own);
    before(async () => {
      Object.assign(own, await (shared ??= share()));
      const endpoint = { url: `${journeys.receiver.url}/postbacks`, schedule: SCHEDULE };
      Object.assign(own, { broker: await withBroker(journeys.stack, endpoint) });
      await prepare?.(journeys);
    });
    declare(journeys);
  });
}

type Cookies = Parameters<BrowserContext['addCookies']>[0];
type Started = Pick<Journeys, 'stack' | 'browser' | 'receiver' | 'broker'>;

/** `started` is filled before the first journey. */
function createJourneys(started: Partial<Started>): Journeys {
  /** Signed in, one for each screen: a context for each journey would read all scripts anew. */
  const contexts = new Map<Screen, Promise<BrowserContext>>();
  let session: Promise<Cookies> | undefined;
  const begin = async (screen: Screen): Promise<BrowserContext> => {
    const context = await newContext(self.browser, screen);
    await context.addCookies(await (session ??= signedIn(self)));
    return context;
  };
  const part = <Name extends keyof Started>(name: Name): Started[Name] => {
    const value = started[name];
    assert.ok(value, `${name} is there before the first journey`);
    return value;
  };
  const self: Journeys = {
    get stack() {
      return part('stack');
    },
    get broker() {
      return part('broker');
    },
    get browser() {
      return part('browser');
    },
    get receiver() {
      return part('receiver');
    },
    async ask<Body>(request: string, body?: object) {
      const { key } = self.broker;
      const answer = await self.stack.call<Body>(request, { key, ...(body && { body }) });
      assert.ok(answer.status < 300, `${request}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    async click() {
      const clicked = await self.stack.call(`GET /c/${self.broker.linkId}`);
      return new URL(clicked.headers.get('location')!).searchParams.get('click_id')!;
    },
    async portalLink() {
      const made = await self.ask<{ url: string }>(`POST /v1/affiliates/${self.broker.affiliateId}/portal`);
      const { pathname, hash } = new URL(made.url);
      return self.stack.url + pathname + hash;
    },
    async inConsole(screen, visit, expected) {
      const context = contexts.get(screen) ?? begin(screen);
      contexts.set(screen, context);
      const opened = await openPage(await context, `${self.stack.url}/console`);
      await visit(opened, screen);
      await opened.close(expected?.refusals);
    },
    journey(title, visit, expected) {
      eachScreen(title, (screen) => self.inConsole(screen, visit, expected));
    },
    portalJourney(title, visit, expected) {
      eachScreen(title, async (screen) => {
        const opened = await openPortal(self.browser, await self.portalLink(), screen);
        await opened.page.getByRole('heading', { name: 'Balance', level: 1 }).waitFor();
        await visit(opened, screen);
        await opened.close(expected?.refusals);
      });
    },
  };
  return self;
}

/** One test for each screen. */
export function eachScreen(title: string, run: (screen: Screen) => Promise<void>): void {
  for (const screen of SCREENS) test(`${title}, at ${screen.width} px, ${screen.theme}`, () => run(screen));
}

/** The cookies of a session that was begun in the console. */
async function signedIn({ browser, stack, broker }: Journeys): Promise<Cookies> {
  const opened = await openConsole(browser, stack.url, SCREENS[0]!);
  await signIn(opened, broker.key);
  const cookies = await opened.page.context().cookies();
  await opened.close();
  return cookies;
}
