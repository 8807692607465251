// Months of the books: which are closed, closing one, and the way to its statements.
import { useState } from 'react';
import { Link } from 'wouter';
import { formatCount } from '../../format/money.ts';
import { Button } from '../../parts/button.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import type { RowOf } from '../../wire/types.ts';
import { CloseDialog } from './close.tsx';
import { MonthState } from './month-state.tsx';

type Month = RowOf<'/v1/periods'>;

const LIVE_MS = 5000;

const COLUMNS: readonly Column<Month>[] = [
  { title: 'Month', cell: ({ period }) => <Link href={`/months/${period}`}>{period}</Link> },
  { title: 'State', cell: ({ status }) => <MonthState of={status} /> },
  { title: 'Closed', cell: ({ closed_at: at }) => <Time at={at} none="not yet" /> },
  {
    title: 'Statements',
    end: true,
    cell: ({ period, statements }) =>
      statements === null ? '–' : <Link href={`/months/${period}`}>{formatCount(statements)}</Link>,
  },
  {
    title: 'Transfers',
    end: true,
    cell: ({ transfers }) => (transfers === null ? '–' : formatCount(transfers)),
  },
  {
    title: 'Seal',
    cell: ({ seal }) =>
      seal === null ? '–' : <code title={`digest of its transfers: ${seal}`}>{seal.slice(0, 12)}…</code>,
  },
];

export function Page() {
  const [asked, ask] = useState<Month | null>(null);
  const mayManage = useMay('manage');
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/periods',
    { params: { query: { limit: 50 } } },
    { ...paged, refetchInterval: LIVE_MS },
  );
  const months = pages.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <PageFrame
      title="Months"
      about="Of the books. A month is closed by itself three days after its end; then its statements are written, and nothing changes it."
    >
      <Panel title="Months" bare>
        <List
          caption="Months"
          one="month"
          pages={pages}
          columns={mayManage ? [...COLUMNS, actions(months, ask)] : COLUMNS}
          keyOf={({ period }) => period}
          empty={<Empty title="Nothing was booked yet.">The first commission opens the first month.</Empty>}
        />
      </Panel>
      {asked && <CloseDialog month={asked.period} onClose={() => ask(null)} />}
    </PageFrame>
  );
}

/** Only the earliest open month can be closed, and the present one is not over. */
const actions = (months: readonly Month[], ask: (month: Month) => void): Column<Month> => {
  const open = months.filter(({ status }) => status === 'open').map(({ period }) => period);
  const [present, earliest] = [open[0], open.at(-1)];
  return {
    title: 'Actions',
    hidden: true,
    end: true,
    cell: (month) => {
      if (month.status !== 'open') return null;
      if (month.period === present) return <span className="muted small">not over yet</span>;
      if (month.period !== earliest) return <span className="muted small">after {earliest}</span>;
      return (
        <Button aria-label={`Close ${month.period}`} onClick={() => ask(month)}>
          Close…
        </Button>
      );
    },
  };
};
