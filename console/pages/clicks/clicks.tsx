// Clicks as a list with filters, newest first: whose link, with which subs, and whether the site
// saw the visitor.
import { Link } from 'wouter';
import { FilterBar, SelectFilter, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Badge, Id, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import type { RowOf } from '../../wire/types.ts';
import { AffiliateFilter } from '../affiliates/affiliate-filter.tsx';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';
import { DownloadList } from '../download-list.tsx';

type Click = RowOf<'/v1/clicks'>;

const COLUMNS: readonly Column<Click>[] = [
  { title: 'Click', cell: ({ id }) => <Id id={id} /> },
  { title: 'Affiliate', cell: ({ affiliate_id: id }) => <AffiliateLink id={id} /> },
  { title: 'Link', cell: ({ link_id: id }) => (id ? <Id id={id} /> : 'reported') },
  { title: 'Subs', cell: subs },
  { title: 'Clicked', cell: ({ clicked_at: at }) => <Time at={at} /> },
  {
    title: 'Seen on the site',
    cell: ({ seen_at: at, bot }) =>
      bot ? <Badge tone="off">program</Badge> : <Time at={at} none="not yet" />,
  },
  {
    title: 'Events',
    cell: ({ id }) => (
      <Link href={`/events?${new URLSearchParams({ click_id: id }).toString()}`}>Its events</Link>
    ),
  },
];

function subs({ sub1, sub2, sub3, sub4, sub5 }: Click) {
  const given = [sub1, sub2, sub3, sub4, sub5].filter((sub) => sub !== null);
  return given.length === 0 ? '–' : <span className="break">{given.join(', ')}</span>;
}

const YES_OR_NO = [
  ['true', 'Yes'],
  ['false', 'No'],
] as const;

export function Page() {
  const filters = useFilters(['affiliate_id', 'link_id', 'seen', 'bot']);
  const query = filters.values as { seen?: 'true' | 'false'; bot?: 'true' | 'false' };
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/clicks',
    { params: { query: { ...query, limit: 50 } } },
    paged,
  );
  return (
    <PageFrame title="Clicks" about="Visits by affiliates’ links, and those that your server reported.">
      <FilterBar filters={filters}>
        <AffiliateFilter filters={filters} />
        <TextFilter filters={filters} name="link_id" label="Link" hint="link_…" />
        <SelectFilter filters={filters} name="seen" label="Seen on the site" options={YES_OR_NO} />
        <SelectFilter filters={filters} name="bot" label="By a program" options={YES_OR_NO} />
      </FilterBar>
      <Panel title="Clicks" actions={<DownloadList path="/v1/clicks" query={filters.values} />} bare>
        <List
          caption="Clicks"
          one="click"
          pages={pages}
          columns={COLUMNS}
          filters={filters}
          empty={<Empty title="Nobody clicked yet.">An affiliate’s links are on its page.</Empty>}
        />
      </Panel>
    </PageFrame>
  );
}
