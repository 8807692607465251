// Every field of a postback's `data`, once: its kind, the messages that carry it and its value in
// each. Bodies, macros, the body of an endpoint's test and the documented schemas are made from
// this list, so a new field is one entry here, and comes last in the bodies of its messages. A
// value that no message carries yet must also come into `Message` (from `viewOf` in
// domain/settlement/notifications.ts) and `ReportedConversion` (store/ledger/announcements.ts).
import { formatMoney } from '../ledger/money.ts';
import { bySub, type ConversionEvent } from '../types.ts';
import { CHANGE_REASONS } from './messages.ts';
import type { CommissionChange, Message, MessageData, PaidPayout, ReportedConversion } from './messages.ts';

/** Facts of the three kinds of messages that carry these fields. */
type Facts = {
  conversion: Message;
  commission: CommissionChange;
  payout: PaidPayout & { paidAt: Date };
};
export type MessageKind = keyof Facts;

/**
 * Presence of a field in its messages: in every message or only in some, and whether its value may
 * be null.
 */
export type Presence = 'always' | 'always, or null' | 'maybe' | 'maybe, or null';

type Value = string | null | undefined;
type Use<Kind extends MessageKind> = [presence: Presence, valueOf: (facts: Facts[Kind]) => Value];

/** Kind of a field. Amounts are decimal text in their currency, times are RFC 3339. */
export type Field = {
  kind: 'text' | 'currency' | 'amount' | 'time';
  description?: string;
} & { [Kind in MessageKind]?: Use<Kind> };

/**
 * The event that caused a message. A message without a cause event concerns only the conversion.
 */
const eventOf = ({ event, conversion }: Message): ConversionEvent => event ?? conversion;
const isAboutEarlier = ({ event, conversion }: Message): boolean => event?.id !== conversion.id;
const amountOf = ({
  amountMinor,
  currency,
}: Pick<ReportedConversion, 'amountMinor' | 'currency'>): string | null =>
  amountMinor === null || currency === null ? null : formatMoney(amountMinor, currency);

/** A reinstated commission waits for the end of its hold, as any other. */
const COMMISSION_STATUS = { released: 'payable', rejected: 'rejected', reinstated: 'pending' } as const;

const sub = (index: 0 | 1 | 2 | 3 | 4): Field => ({
  kind: 'text',
  conversion: ['maybe', ({ subs }) => subs[index] ?? undefined],
  commission: ['maybe', ({ commission }) => commission.conversion?.subs[index] ?? undefined],
});

export const FIELDS = {
  event: {
    kind: 'text',
    conversion: ['always', (message) => eventOf(message).type],
    commission: ['maybe', ({ commission }) => commission.conversion?.type],
  },
  event_id: {
    kind: 'text',
    description: 'missing where no event caused this',
    conversion: ['maybe', ({ event }) => event?.id],
    commission: [
      'maybe',
      ({ commission, change }) => (change === 'released' ? commission.conversion?.id : undefined),
    ],
  },
  transaction_id: {
    kind: 'text',
    conversion: ['always, or null', (message) => eventOf(message).transactionId],
    commission: ['maybe, or null', ({ commission }) => commission.conversion?.transactionId],
  },
  click_id: {
    kind: 'text',
    conversion: ['always, or null', ({ clickId }) => clickId],
    commission: ['maybe, or null', ({ commission }) => commission.conversion?.clickId],
  },
  affiliate_id: {
    kind: 'text',
    conversion: ['always', ({ affiliateId }) => affiliateId],
    commission: ['always', ({ commission }) => commission.affiliateId],
    payout: ['always', ({ affiliateId }) => affiliateId],
  },
  // `bodyOf` omits this field for endpoints without `share_customer_id`.
  customer_id: {
    kind: 'text',
    description: 'only for endpoints with `share_customer_id`',
    conversion: ['maybe, or null', (message) => eventOf(message).customerId ?? message.conversion.customerId],
  },
  original_event_id: {
    kind: 'text',
    description: 'the conversion that this is about',
    conversion: ['maybe', (message) => (isAboutEarlier(message) ? message.conversion.id : undefined)],
    commission: [
      'maybe',
      ({ commission, change }) => (change === 'released' ? undefined : commission.conversion?.id),
    ],
  },
  reason: {
    kind: 'text',
    description: `the type of the event against the conversion; without an event ${inWords(CHANGE_REASONS)}`,
    conversion: [
      'maybe',
      (message) =>
        isAboutEarlier(message) ? (message.event?.type ?? message.reason ?? undefined) : undefined,
    ],
    commission: ['maybe', ({ reason }) => reason ?? undefined],
  },
  via: {
    kind: 'text',
    description: 'the sub-affiliate of whose commission this is a part',
    conversion: ['maybe', ({ via }) => via ?? undefined],
    commission: ['maybe', ({ commission }) => commission.via ?? undefined],
  },
  amount: {
    kind: 'amount',
    conversion: ['always, or null', (message) => amountOf(eventOf(message))],
    commission: [
      'maybe, or null',
      ({ commission: { conversion } }) => (conversion ? amountOf(conversion) : undefined),
    ],
    payout: ['always', ({ amountMinor, currency }) => formatMoney(amountMinor, currency)],
  },
  currency: {
    kind: 'currency',
    conversion: ['always, or null', (message) => eventOf(message).currency],
    commission: ['maybe, or null', ({ commission }) => commission.conversion?.currency],
    payout: ['always', ({ currency }) => currency],
  },
  payout: {
    kind: 'amount',
    description: 'the sum told for the conversion so far',
    conversion: ['always', ({ reportedMinor, currency }) => formatMoney(reportedMinor, currency)],
    commission: [
      'maybe',
      ({ commission: { conversion, currency } }) =>
        conversion ? formatMoney(conversion.reportedMinor, currency) : undefined,
    ],
  },
  payout_delta: {
    kind: 'amount',
    description: 'what this changed; all of them add up to the books',
    conversion: ['always', ({ deltaMinor, currency }) => formatMoney(deltaMinor, currency)],
    commission: ['maybe', payoutDeltaOf],
  },
  payout_currency: {
    kind: 'currency',
    conversion: ['always', ({ currency }) => currency],
    commission: ['always', ({ commission }) => commission.currency],
  },
  status: {
    kind: 'text',
    conversion: [
      'always',
      ({ type, reportedMinor }) =>
        type === 'conversion.reversed' && reportedMinor === 0n ? 'reversed' : 'pending',
    ],
    commission: ['always', ({ change }) => COMMISSION_STATUS[change]],
    payout: ['always', () => 'paid'],
  },
  occurred_at: {
    kind: 'time',
    conversion: ['always', (message) => new Date(eventOf(message).occurredAt).toISOString()],
    commission: ['maybe', ({ commission }) => commission.conversion?.occurredAt.toISOString()],
    payout: ['always', ({ paidAt }) => paidAt.toISOString()],
  },
  ...bySub(sub),
  commission_id: { kind: 'text', commission: ['maybe', ({ commission }) => commission.id] },
  commission: {
    kind: 'amount',
    description: 'how much became payable now',
    commission: [
      'maybe',
      ({ commission, change, amountMinor }) =>
        change === 'released' ? formatMoney(amountMinor, commission.currency) : undefined,
    ],
  },
  period: { kind: 'text', commission: ['maybe', ({ commission }) => commission.period ?? undefined] },
  payout_id: { kind: 'text', payout: ['always', ({ id }) => id] },
  external_reference: {
    kind: 'text',
    payout: ['always, or null', ({ externalReference }) => externalReference],
  },
  symbol: {
    kind: 'text',
    description: 'what was traded',
    conversion: ['maybe', ({ conversion }) => conversion.symbol ?? undefined],
    commission: ['maybe', ({ commission }) => commission.conversion?.symbol ?? undefined],
  },
  symbol_group: {
    kind: 'text',
    description: 'the operator’s group of such symbols',
    conversion: ['maybe', ({ conversion }) => conversion.symbolGroup ?? undefined],
    commission: ['maybe', ({ commission }) => commission.conversion?.symbolGroup ?? undefined],
  },
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof FIELDS;

/** Each name with its meaning. */
function inWords(meanings: Readonly<Record<string, string>>): string {
  return Object.entries(meanings)
    .map(([name, meaning]) => `\`${name}\` (${meaning})`)
    .join(', ');
}

/** Releasing reports nothing new for the conversion; rejecting takes back what was reported. */
function payoutDeltaOf({ commission, change, amountMinor }: CommissionChange): string | undefined {
  if (change !== 'released')
    return formatMoney(change === 'rejected' ? -amountMinor : amountMinor, commission.currency);
  return commission.conversion ? formatMoney(0n, commission.currency) : undefined;
}

/**
 * Field order of message kinds that differ from the list above. Receivers rely on the order they
 * have seen. Fields not named here come last.
 */
const ORDERS: Partial<Record<MessageKind | 'test', string>> = {
  commission: `event transaction_id click_id affiliate_id via commission_id payout_currency period amount
    currency occurred_at sub1 sub2 sub3 sub4 sub5 event_id original_event_id payout payout_delta commission
    status reason`,
  payout: 'payout_id affiliate_id amount currency external_reference status occurred_at',
  test: `event event_id original_event_id transaction_id click_id commission_id payout_id
    external_reference period affiliate_id via customer_id amount currency payout payout_delta commission
    payout_currency status reason sub1 sub2 sub3 sub4 sub5 occurred_at`,
};

/** Fields of a message kind in the order of its body. A test has all fields. */
export function fieldsOf(kind: MessageKind | 'test'): [name: FieldName, field: Field][] {
  const all: [FieldName, Field][] = Object.entries(FIELDS) as [FieldName, Field][];
  const order = ORDERS[kind]?.split(/\s+/) ?? [];
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return all
    .filter(([, field]) => kind === 'test' || field[kind] !== undefined)
    .toSorted(([a], [b]) => place(a) - place(b));
}

const IN_ORDER = {
  conversion: fieldsOf('conversion'),
  commission: fieldsOf('commission'),
  payout: fieldsOf('payout'),
};

/** Fields of one message; a field without a value is undefined. */
export function dataOf<Kind extends MessageKind>(kind: Kind, facts: Facts[Kind]): MessageData {
  const data: Record<string, Value> = {};
  for (const [name, field] of IN_ORDER[kind]) {
    const [, valueOf] = field[kind] as Use<Kind>;
    data[name] = valueOf(facts);
  }
  return data;
}

/** Fields that tell who the customer is; they go when the customer is erased. */
export const PERSONAL_FIELDS: ReadonlySet<string> = new Set(['customer_id', ...Object.keys(bySub(sub))]);
