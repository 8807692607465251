// Integration checks of an operator: each check has a state, and advice when something is missing
// or wrong.
import type { EventType } from '../types.ts';

type Count = { all: number; withoutClick: number };

/**
 * Refused requests by reason or by address, most first; an empty address stands for addresses not
 * counted apart.
 */
type RefusalCount<Name extends 'reason' | 'address'> = { count: number } & Record<Name, string>;

/** Statistics of an integration, from its newest clicks and events. */
export type IntegrationStats = {
  /**
   * Clicks on links. `due`: clicks whose arrival the capture script should have reported by now.
   */
  clicks: { lastAt: Date | null; lastSeenAt: Date | null; due: number; dueAndSeen: number };
  /** Event types that the operator's deals pay for. */
  expectedTypes: readonly EventType[];
  seenTypes: ReadonlyMap<EventType, Date>;
  registrationWithClickAt: Date | null;
  registrations: { thisWeek: Count; lastWeek: Count };
  /**
   * Signed requests: time of the last valid one, whether a secret exists, and whether signatures
   * are required.
   */
  signed: { lastAt: Date | null; hasSecret: boolean; isRequired: boolean };
  /** Refused requests of the last day. */
  refused: {
    total: number;
    byReason: readonly RefusalCount<'reason'>[];
    byAddress: readonly RefusalCount<'address'>[];
  };
  /** Samples of refused requests that had a placeholder for an id, by the name of the field. */
  placeholders: { days: number; byField: readonly { field: string; count: number }[] };
  /**
   * First deposits and deposits. `twice`: transactions that one customer's `ftd` and `deposit` both
   * name. The examples are transaction ids and event ids.
   */
  deposits: {
    count: number;
    twice: { count: number; examples: string[] };
    withoutAmount: { count: number; examples: string[] };
  };
  /** Customers with revenue, how many lack a first deposit, and ids of some of these. */
  revenue: { customers: number; withoutFtd: number; examples: string[] };
  /** Orphans that occurred before their click or binding, of the newest, and ids of some. */
  beforeClick: { count: number; examples: string[] };
  /**
   * Settled reversals with neither reference nor amount that took back several conversions, and ids
   * of some of them.
   */
  broadReversals: { count: number; examples: string[] };
};

/** `missing`: never seen. `attention`: seen, and wrong. */
type CheckState = 'ok' | 'missing' | 'attention';

/** Result of one check; `todo` is a sentence of advice, empty when nothing is to do. */
type Check = { name: string; state: CheckState; todo: string; facts: Record<string, unknown> };

/** Smallest number of clicks or registrations that makes a share meaningful. */
const MIN_SAMPLE = 20;
const MIN_ARRIVAL_SHARE = 0.5;
/** Largest rise of the share of registrations without a click from week to week. */
const MAX_RISE = 0.1;

/** Runs every check, in the order in which an integration is built. */
export function checkIntegration(stats: IntegrationStats): Check[] {
  return [
    testClick(stats),
    clicksComeBack(stats),
    registration(stats),
    eventTypes(stats),
    refusedCalls(stats),
    placeholders(stats),
    signedEvent(stats),
    withoutClick(stats),
    paymentsSentTwice(stats),
    depositsWithoutAmount(stats),
    beforeClicks(stats),
    revenue(stats),
    broadReversals(stats),
  ];
}

function testClick({ clicks }: IntegrationStats): Check {
  const isSeen = clicks.lastAt !== null;
  const todo = isSeen ? '' : 'Open one of your links in a browser.';
  return { name: 'test_click', state: isSeen ? 'ok' : 'missing', todo, facts: { last_at: clicks.lastAt } };
}

function clicksComeBack({ clicks: { lastSeenAt, due, dueAndSeen } }: IntegrationStats): Check {
  const share = due === 0 ? null : dueAndSeen / due;
  const isLow = due >= MIN_SAMPLE && share! < MIN_ARRIVAL_SHARE;
  const state = lastSeenAt === null ? 'missing' : isLow ? 'attention' : 'ok';
  const todo = {
    ok: '',
    missing:
      'Put the capture script on every page, then open a link: ' +
      'the page behind it tells us that the click arrived.',
    attention:
      'More than half of the clicks never arrive: look for landing pages without the capture script.',
  }[state];
  return {
    name: 'clicks_come_back',
    state,
    todo,
    facts: { last_at: lastSeenAt, clicks: due, came_back: dueAndSeen },
  };
}

function registration({ registrationWithClickAt: at }: IntegrationStats): Check {
  const todo =
    at === null
      ? 'Register as a new customer after a click on a link, ' +
        'and send the click_id with the registration event.'
      : '';
  return {
    name: 'registration_with_click',
    state: at === null ? 'missing' : 'ok',
    todo,
    facts: { last_at: at },
  };
}

/** Registrations bind customers, so they are expected even when no deal pays for them. */
function eventTypes({ expectedTypes, seenTypes }: IntegrationStats): Check {
  const expected = [...new Set<EventType>(['registration', ...expectedTypes, ...seenTypes.keys()])];
  const types = expected.map((event) => {
    const lastAt = seenTypes.get(event) ?? null;
    return { event, state: lastAt === null ? 'missing' : 'ok', last_at: lastAt };
  });
  const missing = types.filter(({ state }) => state === 'missing').map(({ event }) => event);
  const todo =
    missing.length === 0 ? '' : `Send these events, for which your deals wait: ${missing.join(', ')}.`;
  return { name: 'event_types', state: missing.length === 0 ? 'ok' : 'missing', todo, facts: { types } };
}

const ADDRESSES_SHOWN = 10;

/** Advice per reason of refusal. */
const REFUSAL_ADVICE: Readonly<Record<string, string>> = {
  ip_not_allowed: 'Put the addresses below into allowed_ips, if they are yours.',
  bad_signature: 'Sign the body exactly as it is sent, with the newest inbound secret.',
  stale_signature: 'Set the clock of the sender: what it stats is more than 5 minutes from ours.',
  unauthorized: 'Give the sender a new key: its own was revoked or has ended.',
  forbidden: 'Give the sender a key that has the scope events:write.',
  https_required: 'Send over https.',
  rate_limited: 'Send in batches, or raise rate_per_second.',
  conflict: 'The same event came with other content: amend it, or give each a transaction_id of its own.',
};

function refusedCalls({ refused: { total, byReason, byAddress } }: IntegrationStats): Check {
  const most = byReason[0]?.reason ?? '';
  const advice = REFUSAL_ADVICE[most] ?? 'GET /v1/refusals shows each call with what was wrong.';
  return {
    name: 'refused_calls',
    state: total > 0 ? 'attention' : 'ok',
    todo: total > 0 ? `Calls were refused within a day, mostly as ${most}. ${advice}` : '',
    facts: { refused: total, by_reason: byReason, by_address: byAddress.slice(0, ADDRESSES_SHOWN) },
  };
}

function placeholders({ placeholders: { days, byField } }: IntegrationStats): Check {
  const refused = byField.reduce((sum, { count }) => sum + count, 0);
  const fields = byField.map(({ field }) => field).join(', ');
  return {
    name: 'placeholder_ids',
    state: refused > 0 ? 'attention' : 'ok',
    todo:
      refused > 0
        ? `Within ${days} days calls were refused because an id was a macro that nobody replaced, or a word for nothing: ` +
          `correct the template or the code that fills ${fields}.`
        : '',
    facts: { days, refused, by_field: byField },
  };
}

function signedEvent({ signed: { lastAt, hasSecret, isRequired } }: IntegrationStats): Check {
  const todo =
    lastAt !== null
      ? ''
      : hasSecret
        ? 'Sign an event with the inbound secret; ' +
          'once it is taken, require_signature keeps unsigned ones out.'
        : 'Make an inbound secret by POST /v1/operator/inbound-secret, and sign your events with it.';
  return {
    name: 'signed_event',
    state: lastAt === null ? 'missing' : 'ok',
    todo,
    facts: { last_at: lastAt, has_secret: hasSecret, is_required: isRequired },
  };
}

function withoutClick({ registrations: { thisWeek, lastWeek } }: IntegrationStats): Check {
  const share = ({ all, withoutClick: without }: Count): number | null =>
    all === 0 ? null : Math.round((without / all) * 1000) / 1000;
  const [now, before] = [share(thisWeek), share(lastWeek)];
  const hasRisen = thisWeek.all >= MIN_SAMPLE && lastWeek.all >= MIN_SAMPLE && now! - before! > MAX_RISE;
  return {
    name: 'registrations_without_click',
    state: now === null ? 'missing' : hasRisen ? 'attention' : 'ok',
    todo: hasRisen
      ? 'More registrations than last week come without a click_id: ' +
        'a page may have lost the capture script, or a form its hidden field.'
      : now === null
        ? 'No registration came within a week.'
        : '',
    facts: {
      registrations: thisWeek.all,
      share: now,
      last_week_registrations: lastWeek.all,
      last_week_share: before,
    },
  };
}

const NO_DEPOSIT = 'No deposit was told yet; this says nothing where your deals do not pay for it.';

/** A payment told as both types counts twice where a deal pays for both. */
function paymentsSentTwice({ deposits: { count, twice } }: IntegrationStats): Check {
  return {
    name: 'payments_sent_twice',
    state: twice.count > 0 ? 'attention' : count === 0 ? 'missing' : 'ok',
    todo:
      twice.count > 0
        ? "Payments were sent as ftd and as deposit: send a customer's first payment as ftd alone, and each later one as deposit."
        : count === 0
          ? NO_DEPOSIT
          : '',
    facts: { deposits: count, sent_twice: twice.count, examples: twice.examples },
  };
}

function depositsWithoutAmount({ deposits: { count, withoutAmount } }: IntegrationStats): Check {
  return {
    name: 'deposits_without_amount',
    state: withoutAmount.count > 0 ? 'attention' : count === 0 ? 'missing' : 'ok',
    todo:
      withoutAmount.count > 0
        ? 'Deposits came without an amount, so percentages and minimum amounts find nothing: send amount and currency, ' +
          'and amend the events below.'
        : count === 0
          ? NO_DEPOSIT
          : '',
    facts: { deposits: count, without_amount: withoutAmount.count, examples: withoutAmount.examples },
  };
}

function beforeClicks({ beforeClick: { count, examples } }: IntegrationStats): Check {
  return {
    name: 'events_before_clicks',
    state: count > 0 ? 'attention' : 'ok',
    todo:
      count > 0
        ? 'Events occurred before the click of their customer, and belong to nobody: look for a wrong ' +
          'occurred_at, or for customers of yours who follow a link; GET /v1/orphans?reason=before_click ' +
          'lists them, and each can be assigned.'
        : '',
    facts: { events: count, examples },
  };
}

function revenue({ revenue: { customers, withoutFtd, examples } }: IntegrationStats): Check {
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

function broadReversals({ broadReversals: { count, examples } }: IntegrationStats): Check {
  return {
    name: 'reversals_that_name_little',
    state: count > 0 ? 'attention' : 'ok',
    todo:
      count > 0
        ? 'Reversals with neither reference nor amount took back several conversions of their customers: ' +
          'send the reference of the conversion, or at least the amount.'
        : '',
    facts: { reversals: count, examples },
  };
}
