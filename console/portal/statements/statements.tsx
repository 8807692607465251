// Statements as a list: one for each closed month and currency, and the month so far.
import { Link } from 'wouter';
import { Download } from '../../parts/download.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import { OWED_AND_LINES } from '../../parts/statement-columns.tsx';
import type { Column } from '../../parts/table.tsx';
import { api } from '../../wire/client.ts';
import { download } from '../../wire/download.ts';
import { paged } from '../../wire/lists.ts';
import type { RowOf } from '../../wire/types.ts';
import { useAffiliate } from '../own.ts';

type Statement = RowOf<'/v1/affiliates/{id}/statements'>;

const COLUMNS: readonly Column<Statement>[] = [
  {
    title: 'Month',
    cell: ({ id, period, currency }) => (
      <Link href={`/statements/${id}`}>
        {period}, {currency}
      </Link>
    ),
  },
  ...OWED_AND_LINES,
  {
    title: 'File',
    hidden: true,
    end: true,
    cell: ({ id, period, currency }) => {
      const file = {
        path: `/v1/statements/${id}`,
        accept: 'text/csv',
        name: `statement-${period}-${currency}.csv`,
      } as const;
      return <Download label="CSV" run={() => download(file)} />;
    },
  },
];

export function Page() {
  const { id } = useAffiliate();
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/affiliates/{id}/statements',
    { params: { path: { id }, query: { limit: 50 } } },
    paged,
  );
  return (
    <PageFrame title="Statements" about="What was owed to you before each month and after it, line by line.">
      <SoFar affiliateId={id} />
      <Panel
        title="Closed months"
        about="They never change. What is found out later is in a later month."
        bare
      >
        <List
          caption="Statements"
          one="statement"
          pages={pages}
          columns={COLUMNS}
          empty={
            <Empty title="No month is closed yet.">
              The operator closes a month some days after its end. Until then see the month so far.
            </Empty>
          }
        />
      </Panel>
    </PageFrame>
  );
}

/** Links to the preliminary statement of the open month, one for each currency. */
function SoFar({ affiliateId }: { affiliateId: string }) {
  const { data } = api.useQuery('get', '/v1/affiliates/{id}/balance', {
    params: { path: { id: affiliateId } },
  });
  if (!data || data.balances.length === 0) return null;
  return (
    <p className="row">
      The month so far:
      {data.balances.map(({ currency }) => (
        <Link key={currency} href={`/statements/current?currency=${currency}`}>
          {currency}
        </Link>
      ))}
    </p>
  );
}
