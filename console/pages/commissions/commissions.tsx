// Commissions as a list with filters, newest first; those that are chosen are approved or rejected.
import { useState } from 'react';
import { Link } from 'wouter';
import { counted, formatCount, withAmounts } from '../../format/money.ts';
import { Button } from '../../parts/button.tsx';
import { DownloadList } from '../download-list.tsx';
import { FilterBar, SelectFilter, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Id, Money, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import { AffiliateFilter } from '../affiliates/affiliate-filter.tsx';
import { DecideDialog, type Verb } from './decide.tsx';
import {
  isApprovable,
  isRejectable,
  Standing,
  STATES,
  type Commission,
  type CommissionState,
} from './standing.tsx';

const COLUMNS: readonly Column<Commission>[] = [
  {
    title: 'Commission',
    cell: ({ id, label }) => (
      <>
        <Id id={id} />
        <div className="muted small break">{label}</div>
      </>
    ),
  },
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
  { title: 'State', cell: (commission) => <Standing of={commission} /> },
  {
    title: 'For',
    cell: ({ events, period }) => (
      <>
        {counted(events, 'event')}
        {period && <div className="muted small nowrap">of {period}</div>}
      </>
    ),
  },
  {
    title: 'Formula',
    cell: ({ formula }) => <span className="small break">{withAmounts(formula ?? 'booked by hand')}</span>,
  },
  { title: 'Since', cell: ({ created_at: at }) => <Time at={at} /> },
];

type Chosen = ReadonlySet<string>;

export function Page() {
  const filters = useFilters(['state', 'affiliate_id', 'currency', 'period']);
  const [chosen, choose] = useState<Chosen>(new Set());
  const mayManage = useMay('manage');
  const query = filters.values as { state?: CommissionState };
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/commissions',
    { params: { query: { ...query, limit: 50 } } },
    paged,
  );
  const rows = pages.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <PageFrame
      title="Commissions"
      about="What affiliates earn, how each was worked out, and what it waits for."
      actions={<DownloadList path="/v1/commissions" query={query} />}
    >
      <FilterBar filters={filters}>
        <SelectFilter filters={filters} name="state" label="State" options={STATES} />
        <AffiliateFilter filters={filters} />
        <TextFilter filters={filters} name="period" label="Month" hint="2026-11" />
        <TextFilter filters={filters} name="currency" label="Currency" hint="USD" />
      </FilterBar>
      <Panel
        title="Commissions"
        actions={mayManage && <Choosing rows={rows} chosen={chosen} choose={choose} />}
        bare
      >
        <List
          caption="Commissions"
          one="commission"
          pages={pages}
          columns={[...(mayManage ? [choice(chosen, choose)] : []), ...COLUMNS]}
          filters={filters}
          empty={
            <Empty title="Nothing was earned yet.">
              A commission is booked when an event of an affiliate with a deal is settled.
            </Empty>
          }
        />
      </Panel>
    </PageFrame>
  );
}

const choice = (chosen: Chosen, choose: (chosen: Chosen) => void): Column<Commission> => ({
  title: 'Choose',
  hidden: true,
  cell: ({ id }) => (
    <input
      type="checkbox"
      aria-label={`Choose ${id}`}
      checked={chosen.has(id)}
      onChange={({ target }) =>
        choose(new Set(target.checked ? [...chosen, id] : [...chosen].filter((one) => one !== id)))
      }
    />
  ),
});

type ChoosingProps = {
  rows: readonly Commission[];
  chosen: Chosen;
  choose: (chosen: Chosen) => void;
};

function Choosing({ rows, chosen, choose }: ChoosingProps) {
  const [verb, ask] = useState<Verb | null>(null);
  const of = rows.filter(({ id }) => chosen.has(id));
  const approvable = of.filter(isApprovable);
  const rejectable = of.filter(isRejectable);
  return (
    <>
      {of.length === 0 ? (
        rows.length > 0 && (
          <Button onClick={() => choose(new Set(rows.map(({ id }) => id)))}>
            Choose all {formatCount(rows.length)} shown
          </Button>
        )
      ) : (
        <>
          <span className="small">{formatCount(of.length)} chosen</span>
          <Button kind="primary" disabled={approvable.length === 0} onClick={() => ask('approve')}>
            Approve {formatCount(approvable.length)}…
          </Button>
          <Button kind="danger" disabled={rejectable.length === 0} onClick={() => ask('reject')}>
            Reject {formatCount(rejectable.length)}…
          </Button>
          <Button onClick={() => choose(new Set())}>Choose none</Button>
        </>
      )}
      {verb && (
        <DecideDialog
          verb={verb}
          commissions={verb === 'approve' ? approvable : rejectable}
          onClose={() => {
            ask(null);
            choose(new Set());
          }}
        />
      )}
    </>
  );
}
