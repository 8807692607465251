// Judges an operator's integration: what works, what was never seen, what looks wrong, and what to do about each.
import type { EventType } from './types.ts';

type Count = { all: number; withoutClick: number };

/** What is known of an integration, from its newest clicks and events. */
export type IntegrationSigns = {
  /** Clicks on links. `due` are those of visitors whose browsers should have told of them by now. */
  clicks: { lastAt: Date | null; lastSeenAt: Date | null; due: number; dueAndSeen: number };
  /** What the operator's deals pay for. */
  expectedTypes: readonly EventType[];
  seenTypes: ReadonlyMap<EventType, Date>;
  registrationWithClickAt: Date | null;
  registrations: { thisWeek: Count; lastWeek: Count };
  /** Customers with revenue, those of them without a first deposit, and some of these by name. */
  revenue: { customers: number; withoutFtd: number; examples: string[] };
};

/** `missing`: never seen. `attention`: seen, and wrong. */
export type CheckState = 'ok' | 'missing' | 'attention';

/** One row of the list; `todo` is a sentence, empty where there is nothing to do. */
export type Check = { name: string; state: CheckState; todo: string; facts: Record<string, unknown> };

/** Fewer say nothing about a share. */
const ENOUGH = 20;
const SEEN_AT_LEAST = 0.5;
/** The share of registrations without a click may rise by so much from week to week. */
const RISE_AT_MOST = 0.1;

/** Every check, in the order in which an integration is built. */
export function judge(signs: IntegrationSigns): Check[] {
  return [testClick(signs), clicksComeBack(signs), registration(signs), eventTypes(signs), withoutClick(signs), revenue(signs)];
}

function testClick({ clicks }: IntegrationSigns): Check {
  const isSeen = clicks.lastAt !== null;
  const todo = isSeen ? '' : 'Open one of your links in a browser.';
  return { name: 'test_click', state: isSeen ? 'ok' : 'missing', todo, facts: { last_at: clicks.lastAt } };
}

function clicksComeBack({ clicks: { lastSeenAt, due, dueAndSeen } }: IntegrationSigns): Check {
  const share = due === 0 ? null : dueAndSeen / due;
  const isLow = due >= ENOUGH && share! < SEEN_AT_LEAST;
  const state = lastSeenAt === null ? 'missing' : isLow ? 'attention' : 'ok';
  const todo = {
    ok: '',
    missing: 'Put the capture script on every page, then open a link: the page behind it tells us that the click arrived.',
    attention: 'More than half of the clicks never arrive: look for landing pages without the capture script.',
  }[state];
  return { name: 'clicks_come_back', state, todo, facts: { last_at: lastSeenAt, clicks: due, came_back: dueAndSeen } };
}

function registration({ registrationWithClickAt: at }: IntegrationSigns): Check {
  const todo =
    at === null ? 'Register as a new customer after a click on a link, and send the click_id with the registration event.' : '';
  return { name: 'registration_with_click', state: at === null ? 'missing' : 'ok', todo, facts: { last_at: at } };
}

/** Registrations bind customers, so they are expected whether or not a deal pays for them. */
function eventTypes({ expectedTypes, seenTypes }: IntegrationSigns): Check {
  const expected = [...new Set<EventType>(['registration', ...expectedTypes, ...seenTypes.keys()])];
  const types = expected.map((event) => {
    const lastAt = seenTypes.get(event) ?? null;
    return { event, state: lastAt === null ? 'missing' : 'ok', last_at: lastAt };
  });
  const missing = types.filter(({ state }) => state === 'missing').map(({ event }) => event);
  const todo = missing.length === 0 ? '' : `Send these events, for which your deals wait: ${missing.join(', ')}.`;
  return { name: 'event_types', state: missing.length === 0 ? 'ok' : 'missing', todo, facts: { types } };
}

function withoutClick({ registrations: { thisWeek, lastWeek } }: IntegrationSigns): Check {
  const share = ({ all, withoutClick: without }: Count): number | null =>
    all === 0 ? null : Math.round((without / all) * 1000) / 1000;
  const [now, before] = [share(thisWeek), share(lastWeek)];
  const hasRisen = thisWeek.all >= ENOUGH && lastWeek.all >= ENOUGH && now! - before! > RISE_AT_MOST;
  return {
    name: 'registrations_without_click',
    state: now === null ? 'missing' : hasRisen ? 'attention' : 'ok',
    todo: hasRisen
      ? 'More registrations than last week come without a click_id: a page may have lost the capture script, or a form its hidden field.'
      : now === null
        ? 'No registration came within a week.'
        : '',
    facts: { registrations: thisWeek.all, share: now, last_week_registrations: lastWeek.all, last_week_share: before },
  };
}

function revenue({ revenue: { customers, withoutFtd, examples } }: IntegrationSigns): Check {
  return {
    name: 'revenue_without_ftd',
    state: withoutFtd > 0 ? 'attention' : customers === 0 ? 'missing' : 'ok',
    todo:
      withoutFtd > 0
        ? 'Customers bring revenue whose first deposit was never told: send ftd for them, also afterwards.'
        : customers === 0
          ? 'No revenue was told yet; this says nothing where your deals do not pay for it.'
          : '',
    facts: { customers, without_ftd: withoutFtd, examples },
  };
}
