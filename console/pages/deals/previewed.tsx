// Preview of other terms: the payment for past events by them, beside the one that was made.
import { counted, formatCount } from '../../format/money.ts';
import { reasonText } from '../../format/words.ts';
import { Empty } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Money } from '../../parts/values.tsx';
import type { Posted } from '../../wire/types.ts';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';

export type Preview = Posted<'/v1/deals/{id}/preview'>;
type Affiliate = Preview['affiliates'][number];
type Row = Affiliate['months'][number] & { affiliate: string; currency: string };

const AMOUNTS = [
  ['would_pay', 'Would pay'],
  ['paid', 'Was paid'],
  ['difference', 'Difference'],
] as const;

const COLUMNS: readonly Column<Row>[] = [
  { title: 'Affiliate', cell: ({ affiliate }) => <AffiliateLink id={affiliate} /> },
  { title: 'Month', cell: ({ month }) => month },
  { title: 'Events', end: true, cell: ({ events }) => formatCount(events) },
  ...AMOUNTS.map(([name, title]): Column<Row> => ({
    title,
    end: true,
    cell: (row) => <Money amount={row[name]} currency={row.currency} />,
  })),
  {
    title: 'Of which',
    cell: ({ components, currency, paid_in_other_currencies: others }) => (
      <span className="small">
        {components.map(({ component, amount }) => (
          <div key={component}>
            {component}: <Money amount={amount} currency={currency} />
          </div>
        ))}
        {others.map((other) => (
          <div key={other.currency}>
            paid beside: <Money amount={other.amount} currency={other.currency} />
          </div>
        ))}
      </span>
    ),
  },
];

export function Previewed({ preview }: { preview: Preview }) {
  const { currency, left_out: leftOut } = preview;
  const rows = preview.affiliates.flatMap(({ affiliate_id: affiliate, months }) =>
    months.map((month): Row => ({ ...month, affiliate, currency })),
  );
  return (
    <div className="stack">
      <dl className="figures">
        {AMOUNTS.map(([name, title]) => (
          <div key={name}>
            <dt>{title}</dt>
            <dd>
              <Money amount={preview[name]} currency={currency} />
            </dd>
          </div>
        ))}
        <div>
          <dt>Events</dt>
          <dd>{formatCount(preview.events)}</dd>
        </div>
      </dl>
      {Object.entries(leftOut).map(([reason, count]) => (
        <p key={reason} className="notice" data-tone="warn">
          {counted(count, 'event')} could not be worked out: {reasonText(reason)}.
        </p>
      ))}
      <Table
        caption="Preview by affiliate and month"
        columns={COLUMNS}
        rows={rows}
        keyOf={({ affiliate, month }) => `${affiliate} ${month}`}
        empty={<Empty title="No event of that time is rated by this deal." />}
      />
      <p className="muted small">Nothing was posted.</p>
    </div>
  );
}
