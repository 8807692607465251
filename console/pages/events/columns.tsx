// Columns that every list of events has.
import { plain } from '../../format/words.ts';
import type { Column } from '../../parts/table.tsx';
import { Id, Money, Time } from '../../parts/values.tsx';
import type { RowOf } from '../../wire/types.ts';

type Row = Pick<RowOf<'/v1/events'>, 'id' | 'event'>;

export const EVENT = {
  id: { title: 'Event', cell: ({ id }) => <Id id={id} /> },
  type: {
    title: 'Type',
    cell: ({ event: { event, sent_as: name } }) => <span title={name}>{plain(event)}</span>,
  },
  transaction: {
    title: 'Transaction',
    cell: ({ event }) => <span className="break">{event.transaction_id ?? '–'}</span>,
  },
  customer: {
    title: 'Customer',
    cell: ({ event }) => <span className="break">{event.customer_id ?? '–'}</span>,
  },
  amount: {
    title: 'Amount',
    end: true,
    cell: ({ event: { amount, currency } }) =>
      amount && currency ? <Money amount={amount} currency={currency} /> : '–',
  },
  occurred: { title: 'Occurred', cell: ({ event }) => <Time at={event.occurred_at} /> },
} as const satisfies Record<string, Column<Row>>;
