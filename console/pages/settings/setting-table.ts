// Settings of the operator, in words: what each means, how it is written in a form, and what to
// know before it is changed.
import type { Answer, Change } from '../../wire/types.ts';

export type Operator = Answer<'/v1/operator'>;
export type OperatorChange = Change<'/v1/operator'>;

export type Name = keyof OperatorChange & keyof Operator;

type Kind =
  | { kind: 'text' }
  | { kind: 'whole'; unit: string }
  /** Empty is null: `none` says what that means. */
  | { kind: 'whole or none'; unit: string; none: string }
  | { kind: 'choice'; options: readonly (readonly [value: string, label: string])[] }
  /** One entry a line. */
  | { kind: 'lines'; hint: string; none: string }
  /** One entry a line, as `name = value`; `ignored`: how an entry without a value reads. */
  | { kind: 'pairs'; hint: string; none: string; ignored?: string };

export type Setting = Kind & { name: Name; label: string; about: string; warning?: string };
export type SettingGroup = { title: string; settings: readonly Setting[] };

const YES_NO = [
  ['true', 'yes'],
  ['false', 'no'],
] as const;

export const GROUPS: readonly SettingGroup[] = [
  {
    title: 'Operator',
    settings: [
      { name: 'name', label: 'Name', kind: 'text', about: 'In the portal, on statements and in notices.' },
      {
        name: 'timezone',
        label: 'Time zone',
        kind: 'text',
        about: 'Its months begin and end by it, those of commissions as well as of the books.',
        warning:
          'What happened before keeps its month; conversions from now on count in the months of the new zone.',
      },
    ],
  },
  {
    title: 'Attribution',
    settings: [
      {
        name: 'click_window_days',
        label: 'Click window',
        kind: 'whole',
        unit: 'days',
        about: 'For so long a click counts until it binds a customer. A binding lasts for ever.',
        warning: 'Events whose click is older, by what you enter, are rejected from now on.',
      },
      {
        name: 'click_choice',
        label: 'Which click counts',
        kind: 'choice',
        options: [
          ['last', 'the last'],
          ['first', 'the first'],
        ],
        about: 'Where a customer had several before the first event.',
      },
      {
        name: 'existing_customers',
        label: 'Existing customers',
        kind: 'choice',
        options: [
          ['bind', 'are bound by a click or coupon'],
          ['ignore', 'are not bound: their events are orphaned'],
        ],
        about: 'Of whom an event is known from before the click.',
      },
    ],
  },
  {
    title: 'Events',
    settings: [
      {
        name: 'without_transaction_id',
        label: 'Without a transaction id',
        kind: 'choice',
        options: [
          ['', 'JSON is refused, postbacks are told apart by content'],
          ['refuse', 'refused'],
          ['accept_each', 'each is taken'],
          ['same_content_is_repeat', 'the same content is a repeat'],
        ],
        about: 'Events that cannot be told from a repeat of themselves.',
        warning: 'Where each is taken, a request that your system repeats is paid twice.',
      },
      {
        name: 'repeat_window_hours',
        label: 'Repeat window',
        kind: 'whole',
        unit: 'hours',
        about: 'Within it, the same content is a repeat; later, an event of its own.',
      },
      {
        name: 'postback_aliases',
        label: 'Parameter aliases',
        kind: 'pairs',
        hint: 'txid = transaction_id\nnoise =',
        none: 'none beside the usual ones',
        ignored: 'ignored',
        about: 'Of /postback: your name, and the field that it means. One without a field is ignored.',
      },
    ],
  },
  {
    title: 'Who may send events',
    settings: [
      {
        name: 'allowed_ips',
        label: 'Allowed addresses',
        kind: 'lines',
        hint: '203.0.113.0/24\n2001:db8::/32',
        none: 'any',
        about: 'Addresses and ranges, one a line. All else stays possible from anywhere.',
        warning: 'Events and clicks that your systems send from another address are refused from now on.',
      },
      {
        name: 'require_signature',
        label: 'Signature required',
        kind: 'choice',
        options: YES_NO,
        about: 'By Standard Webhooks, with the inbound secret. A signature that is sent is always checked.',
        warning: 'Events without a signature are refused from now on: make the secret, and sign, first.',
      },
      {
        name: 'rate_per_second',
        label: 'Rate limit',
        kind: 'whole or none',
        unit: 'requests a second',
        none: 'no limit',
        about: 'Of every key without a limit of its own. More are answered by 429.',
        warning: 'It holds for the keys of people too, also for the one of this session.',
      },
    ],
  },
  {
    title: 'Payouts',
    settings: [
      {
        name: 'minimum_payouts',
        label: 'Minimum payouts',
        kind: 'pairs',
        hint: 'USD = 50.00\nEUR = 50.00',
        none: 'no minimum',
        about: 'By currency. A payout run never pays less; what is below waits.',
      },
    ],
  },
  {
    title: 'Portal',
    settings: [
      {
        name: 'share_customer_ids',
        label: 'Affiliates see customer ids',
        kind: 'choice',
        options: YES_NO,
        about: 'Of their own customers.',
        warning: 'Affiliates see them at once, those of the past too.',
      },
      {
        name: 'portal_origins',
        label: 'Sites that may frame the portal',
        kind: 'lines',
        hint: 'https://partners.example',
        none: 'none',
        about: 'Your pages that show the portal in a frame, one a line.',
      },
    ],
  },
];
