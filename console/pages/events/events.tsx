// Events as a list with filters, newest first.
import { reasonText } from '../../format/words.ts';
import { FilterBar, SelectFilter, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { State } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import type { RowOf } from '../../wire/types.ts';
import { AffiliateFilter } from '../affiliates/affiliate-filter.tsx';
import { EVENT } from './columns.tsx';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';
import { DownloadList } from '../download-list.tsx';

type Event = RowOf<'/v1/events'>;

const STATUSES = [
  ['accepted', 'Not settled yet'],
  ['settled', 'Settled'],
  ['orphaned', 'Orphaned'],
  ['set_aside', 'Set aside'],
  ['rejected', 'Rejected'],
  ['voided', 'Voided'],
] as const satisfies readonly (readonly [Event['status'], string])[];

const COLUMNS: readonly Column<Event>[] = [
  EVENT.id,
  EVENT.type,
  EVENT.transaction,
  EVENT.customer,
  EVENT.amount,
  {
    title: 'Status',
    cell: ({ status, reason, detail }) => (
      <>
        <State of={status} />
        {reason && <div className="muted small">{reasonText(reason)}</div>}
        {detail && <div className="muted small break">{detail}</div>}
      </>
    ),
  },
  {
    title: 'Affiliate',
    cell: ({ attribution }) => (attribution ? <AffiliateLink id={attribution.affiliate_id} /> : '–'),
  },
  EVENT.occurred,
];

const FILTERS = ['status', 'transaction_id', 'customer_id', 'click_id', 'affiliate_id', 'event'];

export function Page() {
  const filters = useFilters(FILTERS);
  const query = filters.values as { status?: Event['status'] };
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/events',
    { params: { query: { ...query, limit: 50 } } },
    paged,
  );
  return (
    <PageFrame title="Events" about="What the operator’s systems reported, and what became of it.">
      <FilterBar filters={filters}>
        <TextFilter filters={filters} name="transaction_id" label="Transaction" />
        <TextFilter filters={filters} name="customer_id" label="Customer" />
        <TextFilter filters={filters} name="click_id" label="Click" />
        <AffiliateFilter filters={filters} />
        <TextFilter filters={filters} name="event" label="Type" hint="ftd" />
        <SelectFilter filters={filters} name="status" label="Status" options={STATUSES} />
      </FilterBar>
      <Panel title="Events" actions={<DownloadList path="/v1/events" query={filters.values} />} bare>
        <List
          caption="Events"
          one="event"
          pages={pages}
          columns={COLUMNS}
          filters={filters}
          empty={<NoEvents />}
        />
      </Panel>
    </PageFrame>
  );
}

function NoEvents() {
  return (
    <Empty title="No event was sent yet.">
      Send one to <code>POST /v1/events</code> or <code>/postback</code>. Refused ones are not here, but among
      the refusals. See the{' '}
      <a href="/docs" target="_blank" rel="noreferrer">
        API reference
      </a>
      .
    </Empty>
  );
}
