// Customers of an affiliate on their way to a bounty: what counts so far, of how much, until when.
import { counted, formatAmount, withAmounts } from '../../format/money.ts';
import { Empty, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Badge, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import type { RowOf } from '../../wire/types.ts';

type Row = RowOf<'/v1/affiliates/{id}/progress'>;

const STATES = {
  on_the_way: ['info', 'on the way'],
  too_late: ['off', 'too late'],
  missed: ['off', 'missed'],
} as const;

/** Why nothing is earned yet, or never will be. */
function whyNot({ state, until }: Row) {
  if (state === 'too_late')
    return (
      <>
        The days of the deal passed <Time at={until} />.
      </>
    );
  if (state === 'missed') return 'Only the first one counts, and it was too small.';
  return until === null ? (
    'Earns as soon as the rest is there.'
  ) : (
    <>
      The rest must come by <Time at={until} />.
    </>
  );
}

type Of = { reached: string; of: string };

function Reached({ part: { reached, of }, unit }: { part: Of; unit: string }) {
  return (
    <div>
      {formatAmount(reached)} of {formatAmount(of)} <span className="muted">{unit}</span>
      <progress
        max={Number(of)}
        value={Math.min(Number(reached), Number(of))}
        aria-label={`${reached} of ${of} ${unit}`}
      />
    </div>
  );
}

const COLUMNS: readonly Column<Row>[] = [
  {
    title: 'Customer',
    cell: ({ customer_id: id }) =>
      id === undefined ? (
        <span className="muted">not shared</span>
      ) : (
        <span className="break">{id ?? 'known by a click alone'}</span>
      ),
  },
  {
    title: 'Commission',
    cell: ({ label, formula }) => (
      <>
        {label}
        <div className="muted small break">{withAmounts(formula)}</div>
      </>
    ),
  },
  {
    title: 'So far',
    cell: ({ amount, volume, currency, conversions }) => (
      <>
        {amount && <Reached part={amount} unit={currency} />}
        {volume && <Reached part={volume} unit="lots" />}
        <div className="muted small">{counted(conversions, 'event')}</div>
      </>
    ),
  },
  {
    title: 'State',
    cell: (row) => {
      const [tone, text] = STATES[row.state];
      return (
        <>
          <Badge tone={tone}>{text}</Badge>
          <div className="muted small">{whyNot(row)}</div>
        </>
      );
    },
  },
  { title: 'Since', cell: ({ since }) => <Time at={since} /> },
];

export function Progress({ id }: { id: string }) {
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/affiliates/{id}/progress',
    { params: { path: { id }, query: { limit: 50 } } },
    paged,
  );
  return (
    <Panel title="Progress" about="Customers who did something that counts, and have not qualified." bare>
      <List
        caption="Progress"
        one="customer"
        pages={pages}
        columns={COLUMNS}
        empty={
          <Empty title="No customer is on the way.">
            Customers are here where a deal asks for an amount or a volume before it pays.
          </Empty>
        }
      />
    </Panel>
  );
}
