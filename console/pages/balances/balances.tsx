// Balances of all affiliates: what each has, by currency, and what a payout would reserve now.
import { Link } from 'wouter';
import { DownloadList } from '../download-list.tsx';
import { FilterBar, SelectFilter, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Money, State } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import type { RowOf } from '../../wire/types.ts';
import { AffiliateFilter } from '../affiliates/affiliate-filter.tsx';
import { STATES, type AffiliateState } from '../affiliates/affiliate-types.ts';

type Balance = RowOf<'/v1/balances'>;

const AMOUNTS = [
  ['pending', 'Pending'],
  ['payable', 'Payable'],
  ['debt', 'Debt'],
  ['due', 'Due now'],
  ['in_payout', 'In payout'],
  ['paid', 'Paid'],
] as const;

const COLUMNS: readonly Column<Balance>[] = [
  {
    title: 'Affiliate',
    cell: ({ affiliate_id: id, affiliate_name: name, external_id: own }) => (
      <>
        <Link className="break" href={`/affiliates/${id}`}>
          {name}
        </Link>
        {own && <div className="muted small break">{own}</div>}
      </>
    ),
  },
  { title: 'State', cell: ({ affiliate_state: state }) => <State of={state} /> },
  ...AMOUNTS.map(([name, title]): Column<Balance> => ({
    title,
    end: true,
    cell: (balance) => <Money amount={balance[name]} currency={balance.currency} />,
  })),
];

export function Page() {
  const filters = useFilters(['currency', 'state', 'minimum_payable', 'affiliate_id']);
  const { minimum_payable: minimum, ...others } = filters.values;
  // A minimum is in a currency.
  const query = { ...others, ...(minimum && others['currency'] && { minimum_payable: minimum }) } as {
    state?: AffiliateState;
  };
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/balances',
    { params: { query: { ...query, limit: 100 } } },
    paged,
  );
  return (
    <PageFrame
      title="Balances"
      about="Due now is what a payout would reserve: payable, less what the affiliate owes."
      actions={
        <>
          <DownloadList path="/v1/balances" query={query} />
          <Link className="button" href="/payout-runs">
            Payout runs
          </Link>
        </>
      }
    >
      <FilterBar filters={filters}>
        <TextFilter filters={filters} name="currency" label="Currency" hint="USD" />
        <TextFilter
          filters={filters}
          name="minimum_payable"
          label="Payable at least"
          hint={others['currency'] ? '50.00' : 'needs a currency'}
        />
        <SelectFilter filters={filters} name="state" label="Affiliate’s state" options={STATES} />
        <AffiliateFilter filters={filters} />
      </FilterBar>
      <Panel title="Balances" bare>
        <List
          caption="Balances"
          one="balance"
          pages={pages}
          columns={COLUMNS}
          keyOf={({ affiliate_id: id, currency }) => `${id} ${currency}`}
          filters={filters}
          empty={
            <Empty title="Nobody has earned anything yet.">
              A commission is booked when an event of an affiliate with a deal is settled.
            </Empty>
          }
        />
      </Panel>
    </PageFrame>
  );
}
