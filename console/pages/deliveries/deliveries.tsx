// Postbacks as a list with filters, newest first.
import { lazy, Suspense } from 'react';
import { Link } from 'wouter';
import { reasonText } from '../../format/words.ts';
import { FilterBar, SelectFilter, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Id, Money, State, Time, WithIds } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import type { RowOf } from '../../wire/types.ts';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';
import { DownloadList } from '../download-list.tsx';

// The portal has the table of this file, and no affiliates to choose from.
const AffiliateFilter = lazy(async () => ({
  default: (await import('../affiliates/affiliate-filter.tsx')).AffiliateFilter,
}));

type Delivery = RowOf<'/v1/deliveries'>;

export const STATES = [
  ['stuck', 'Stuck'],
  ['pending', 'Pending'],
  ['retrying', 'Retrying'],
  ['held', 'Held'],
  ['delivered', 'Delivered'],
  ['gave_up', 'Gave up'],
  ['cancelled', 'Cancelled'],
] as const satisfies readonly (readonly [Delivery['state'] | 'stuck', string])[];

export const COLUMNS: readonly Column<Delivery>[] = [
  { title: 'Postback', cell: ({ id }) => <Id id={id} /> },
  { title: 'Message', cell: ({ type }) => <code>{type}</code> },
  {
    title: 'Affiliate',
    cell: ({ affiliate_id: id, affiliate_name: name }) =>
      id === null ? <span className="muted">own webhook</span> : <AffiliateLink id={id} name={name} />,
  },
  {
    title: 'State',
    cell: ({ state, last_error: error }) => (
      <>
        <State of={state} />
        {error && state !== 'delivered' && <div className="muted small">{reasonText(error)}</div>}
      </>
    ),
  },
  { title: 'Tries', end: true, cell: ({ tries }) => tries },
  {
    title: 'Reports',
    end: true,
    cell: ({ payout_delta: amount, payout_currency: currency }) =>
      amount !== null && currency !== null ? <Money amount={amount} currency={currency} /> : null,
  },
  { title: 'Next try', cell: nextTry },
  { title: 'Planned', cell: ({ created_at: at }) => <Time at={at} /> },
];

function nextTry({ next_attempt_at: at, next_reason: reason, finished_at: finished }: Delivery) {
  if (finished !== null) return <span className="muted">none: finished</span>;
  return (
    <>
      {at !== null && <Time at={at} isDue />}
      {reason && (
        <div className="muted small break">
          <WithIds text={reason} />
        </div>
      )}
    </>
  );
}

const FILTERS = ['state', 'endpoint_id', 'affiliate_id', 'event_id', 'last_error', 'order'];

export function Page() {
  const filters = useFilters(FILTERS);
  const query = filters.values as { state?: (typeof STATES)[number][0] };
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/deliveries',
    { params: { query: { ...query, limit: 50 } } },
    paged,
  );
  return (
    <PageFrame title="Postbacks" about="Every message to an affiliate’s server, with its attempts.">
      <FilterBar filters={filters}>
        <SelectFilter filters={filters} name="state" label="State" options={STATES} />
        <TextFilter filters={filters} name="last_error" label="Last error" hint="http_404" />
        <TextFilter filters={filters} name="endpoint_id" label="Endpoint" hint="ep_…" />
        <Suspense>
          <AffiliateFilter filters={filters} />
        </Suspense>
        <TextFilter filters={filters} name="event_id" label="Event" hint="evt_…" />
        <SelectFilter
          filters={filters}
          name="order"
          label="Order"
          all="Newest first"
          options={[['oldest', 'Oldest first']]}
        />
      </FilterBar>
      <Panel title="Postbacks" actions={<DownloadList path="/v1/deliveries" query={filters.values} />} bare>
        <List
          caption="Postbacks"
          one="postback"
          pages={pages}
          columns={COLUMNS}
          filters={filters}
          empty={<NoDeliveries />}
        />
      </Panel>
    </PageFrame>
  );
}

function NoDeliveries() {
  return (
    <Empty title="There are no postbacks yet.">
      They are planned when a conversion of an affiliate with an endpoint is settled. Look at the{' '}
      <Link href="/endpoints">endpoints</Link>.
    </Empty>
  );
}
