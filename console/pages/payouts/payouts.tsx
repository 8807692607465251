// Payouts as a list with filters, newest first.
import { Link } from 'wouter';
import { isZero } from '../../format/money.ts';
import { DownloadList } from '../download-list.tsx';
import { FilterBar, SelectFilter, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Id, Money, State, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { AffiliateFilter } from '../affiliates/affiliate-filter.tsx';
import { MEANING, STATES, type Payout, type PayoutState } from './payout-types.ts';

const COLUMNS: readonly Column<Payout>[] = [
  { title: 'Payout', cell: ({ id }) => <Id id={id} /> },
  {
    title: 'Affiliate',
    cell: ({ affiliate_id: id, affiliate_name: name }) => (
      <Link className="break" href={`/affiliates/${id}`}>
        {name}
      </Link>
    ),
  },
  {
    title: 'Amount',
    end: true,
    cell: ({ amount, currency }) => <Money amount={amount} currency={currency} />,
  },
  {
    title: 'Debt recovered',
    end: true,
    cell: ({ recovered, currency }) =>
      isZero(recovered) ? '–' : <Money amount={recovered} currency={currency} />,
  },
  {
    title: 'State',
    cell: ({ state }) => (
      <>
        <State of={state} />
        <div className="muted small">{MEANING[state]}</div>
      </>
    ),
  },
  {
    title: 'Bank’s reference',
    cell: ({ external_reference: reference }) => <span className="break">{reference ?? '–'}</span>,
  },
  { title: 'Reserved', cell: ({ created_at: at }) => <Time at={at} /> },
];

export function Page() {
  const filters = useFilters(['state', 'affiliate_id', 'currency']);
  const query = filters.values as { state?: PayoutState };
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/payouts',
    { params: { query: { ...query, limit: 50 } } },
    paged,
  );
  return (
    <PageFrame
      title="Payouts"
      about="Money on its way to affiliates."
      actions={
        <>
          <DownloadList path="/v1/payouts" query={query} />
          <Link className="button" href="/payout-runs">
            Payout runs
          </Link>
        </>
      }
    >
      <FilterBar filters={filters}>
        <SelectFilter filters={filters} name="state" label="State" options={STATES} />
        <AffiliateFilter filters={filters} />
        <TextFilter filters={filters} name="currency" label="Currency" hint="USD" />
      </FilterBar>
      <Panel title="Payouts" bare>
        <List
          caption="Payouts"
          one="payout"
          pages={pages}
          columns={COLUMNS}
          filters={filters}
          empty={
            <Empty title="Nothing was paid out yet.">
              A <Link href="/payout-runs">payout run</Link> makes a payout for everybody for whom enough is
              payable.
            </Empty>
          }
        />
      </Panel>
    </PageFrame>
  );
}
