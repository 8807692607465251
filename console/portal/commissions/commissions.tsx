// Commissions as a list, each with its formula, and where its money is.
import { Link } from 'wouter';
import { withAmounts } from '../../format/money.ts';
import { DownloadList } from '../../pages/download-list.tsx';
import { FilterBar, SelectFilter, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Money, State, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { STATES, Where, type Commission } from './where.tsx';

const COLUMNS: readonly Column<Commission>[] = [
  {
    title: 'Commission',
    cell: ({ id, label, formula }) => (
      <>
        <Link href={`/commissions/${id}`}>{label}</Link>
        {formula && <div className="muted small break">{withAmounts(formula)}</div>}
      </>
    ),
  },
  {
    title: 'Amount',
    end: true,
    cell: ({ id, amount, currency }) => (
      <Link href={`/commissions/${id}`}>
        <Money amount={amount} currency={currency} />
      </Link>
    ),
  },
  {
    title: 'State',
    cell: (commission) => (
      <>
        <State of={commission.state} />
        <div className="muted small">
          <Where is={commission} />
        </div>
      </>
    ),
  },
  { title: 'Month', cell: ({ period }) => period ?? '–' },
  { title: 'Earned', cell: ({ created_at: at }) => <Time at={at} /> },
];

export function Page() {
  const filters = useFilters(['state', 'currency', 'period']);
  const query = filters.values as { state?: Commission['state'] };
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/commissions',
    { params: { query: { ...query, limit: 50 } } },
    paged,
  );
  return (
    <PageFrame
      title="Commissions"
      about="What you earned, by which formula, and where the money is."
      actions={<DownloadList path="/v1/commissions" query={filters.values} />}
    >
      <FilterBar filters={filters}>
        <SelectFilter filters={filters} name="state" label="State" options={STATES} />
        <TextFilter filters={filters} name="currency" label="Currency" hint="USD" />
        <TextFilter filters={filters} name="period" label="Month" hint="2026-11" />
      </FilterBar>
      <Panel title="Commissions" bare>
        <List
          caption="Commissions"
          one="commission"
          pages={pages}
          columns={COLUMNS}
          filters={filters}
          empty={
            <Empty title="No commission yet.">
              It appears here within seconds of a conversion of a customer whom you brought. See who is on the
              way under <Link href="/progress">Progress</Link>.
            </Empty>
          }
        />
      </Panel>
    </PageFrame>
  );
}
