// The statements of an affiliate: those of closed months, and of the month that is open.
import { Link } from 'wouter';
import { Empty, Loaded, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import { OWED_AND_LINES } from '../../parts/statement-columns.tsx';
import type { Column } from '../../parts/table.tsx';
import { Id, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import type { RowOf } from '../../wire/types.ts';

type Statement = RowOf<'/v1/affiliates/{id}/statements'>;

const COLUMNS: readonly Column<Statement>[] = [
  { title: 'Month', cell: ({ id, period }) => <Link href={`/statements/${id}`}>{period}</Link> },
  ...OWED_AND_LINES,
  { title: 'Closed', cell: ({ created_at: at }) => <Time at={at} /> },
  { title: 'Id', cell: ({ id }) => <Id id={id} /> },
];

export function Statements({ id }: { id: string }) {
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/affiliates/{id}/statements',
    { params: { path: { id }, query: { limit: 50 } } },
    paged,
  );
  return (
    <Panel title="Statements" about="Of closed months; they change no more." actions={<Open id={id} />} bare>
      <List
        caption="Statements"
        one="statement"
        pages={pages}
        columns={COLUMNS}
        empty={
          <Empty title="No month is closed yet.">
            A statement is written when a month of the books is closed. Until then it is preliminary.
          </Empty>
        }
      />
    </Panel>
  );
}

/** One preliminary statement for each currency in which it has anything. */
function Open({ id }: { id: string }) {
  const query = api.useQuery('get', '/v1/affiliates/{id}/balance', { params: { path: { id } } });
  return (
    <Loaded query={query} of="its currencies">
      {({ balances }) =>
        balances.map(({ currency }) => (
          <Link key={currency} className="button" href={`/statements/of/${id}?currency=${currency}`}>
            This month in {currency}
          </Link>
        ))
      }
    </Loaded>
  );
}
