// Affiliates as a list, found by name and state; and a new one.
import { useState } from 'react';
import { Link } from 'wouter';
import { Button } from '../../parts/button.tsx';
import { DownloadList } from '../download-list.tsx';
import { FilterBar, SelectFilter, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Id, State, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import { STATES, type Affiliate, type AffiliateState } from './affiliate-types.ts';
import { NewAffiliate } from './new-affiliate.tsx';

const COLUMNS: readonly Column<Affiliate>[] = [
  {
    title: 'Affiliate',
    cell: ({ id, name }) => (
      <Link className="break" href={`/affiliates/${id}`}>
        {name}
      </Link>
    ),
  },
  { title: 'Own id', cell: ({ external_id: id }) => <span className="break">{id ?? '–'}</span> },
  { title: 'State', cell: ({ state }) => <State of={state} /> },
  {
    title: 'Parent',
    cell: ({ parent_id: parent, parent_since: since }) =>
      parent === null ? (
        '–'
      ) : (
        <>
          <Id id={parent} />
          <div className="muted small">{since === null ? 'from the beginning' : <Time at={since} />}</div>
        </>
      ),
  },
  {
    title: 'Paid to',
    cell: ({ has_payment_details: hasDetails }) =>
      hasDetails ? 'details known' : <span className="muted">not known</span>,
  },
  { title: 'Since', cell: ({ created_at: at }) => <Time at={at} /> },
  { title: 'Id', cell: ({ id }) => <Id id={id} /> },
];

export function Page() {
  const filters = useFilters(['q', 'state']);
  const [isAdding, setAdding] = useState(false);
  const mayManage = useMay('manage');
  const query = filters.values as { q?: string; state?: AffiliateState };
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/affiliates',
    { params: { query: { ...query, limit: 50 } } },
    paged,
  );
  return (
    <PageFrame
      title="Affiliates"
      about="Who brings you customers, what they have earned, and how they are paid."
      actions={
        <>
          <DownloadList path="/v1/affiliates" query={query} />
          {mayManage && (
            <Button kind="primary" onClick={() => setAdding(true)}>
              New affiliate…
            </Button>
          )}
        </>
      }
    >
      <FilterBar filters={filters}>
        <TextFilter filters={filters} name="q" label="Name or own id" hint="a part of it" />
        <SelectFilter filters={filters} name="state" label="State" options={STATES} />
      </FilterBar>
      <Panel title="Affiliates" bare>
        <List
          caption="Affiliates"
          one="affiliate"
          pages={pages}
          columns={COLUMNS}
          filters={filters}
          empty={
            <Empty title="There is no affiliate yet.">Add one: it then gets links, coupons and a deal.</Empty>
          }
        />
      </Panel>
      {isAdding && <NewAffiliate onClose={() => setAdding(false)} />}
    </PageFrame>
  );
}
