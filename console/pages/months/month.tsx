// One month of the books, and the statements that were written when it was closed.
import { Link, useParams } from 'wouter';
import { formatCount } from '../../format/money.ts';
import { Download } from '../../parts/download.tsx';
import { Empty, Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import { OWED_AND_LINES } from '../../parts/statement-columns.tsx';
import type { Column } from '../../parts/table.tsx';
import { Facts, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { download } from '../../wire/download.ts';
import { paged } from '../../wire/lists.ts';
import type { RowOf } from '../../wire/types.ts';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';
import { MonthState } from './month-state.tsx';

type Statement = RowOf<'/v1/statements'>;

const LIVE_MS = 3000;

const COLUMNS: readonly Column<Statement>[] = [
  { title: 'Affiliate', cell: ({ affiliate_id: id }) => <AffiliateLink id={id} /> },
  {
    title: 'Statement',
    cell: ({ id, period, currency }) => <Link href={`/statements/${id}`}>{`${period}, ${currency}`}</Link>,
  },
  ...OWED_AND_LINES,
];

export function Page() {
  const { month } = useParams<{ month: string }>();
  const query = api.useQuery(
    'get',
    '/v1/periods/{period}',
    { params: { path: { period: month } } },
    { refetchInterval: ({ state: { data } }) => (data?.status === 'closing' ? LIVE_MS : false) },
  );
  const path = `/v1/statements?period=${month}`;
  return (
    <PageFrame
      title={`Month ${month}`}
      crumb={<Link href="/months">Months</Link>}
      actions={
        query.data?.status === 'closed' && (
          <Download
            label="CSV"
            run={() => download({ path, accept: 'text/csv', name: `statements-${month}.csv` })}
          />
        )
      }
    >
      <Loaded query={query} of="the month">
        {({ status, closed_at: at, transfers, statements, seal }) => (
          <>
            <Panel title="In sum" actions={<MonthState of={status} />}>
              <Facts
                of={[
                  ['Closed', <Time key="at" at={at} none="not yet" />],
                  ['Transfers', transfers === null ? null : formatCount(transfers)],
                  ['Statements', statements === null ? null : formatCount(statements)],
                  ['Seal', seal && <code className="break">{seal}</code>],
                ]}
              />
            </Panel>
            <Statements key={status} month={month} status={status} />
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

type StatementsProps = { month: string; status: RowOf<'/v1/periods'>['status'] };

function Statements({ month, status }: StatementsProps) {
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/statements',
    { params: { query: { period: month, limit: 50 } } },
    paged,
  );
  return (
    <Panel title="Statements" bare>
      <List
        caption="Statements"
        one="statement"
        pages={pages}
        columns={COLUMNS}
        empty={
          status === 'closed' ? (
            <Empty title="Nothing was owed to anybody in this month." />
          ) : (
            <Empty title="Its statements are written when it is closed.">
              Until then each affiliate has a preliminary one, on its page.
            </Empty>
          )
        }
      />
    </Panel>
  );
}
