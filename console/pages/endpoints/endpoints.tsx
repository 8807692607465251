// Endpoints as a list: condition, success and latency of 24 hours, the latest attempts, the queue.
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { formatCount } from '../../format/money.ts';
import { FilterBar, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { Condition, nameOf, type Endpoint } from './condition.tsx';
import { LatestStrip, latencyText, successText, type Statistics } from './figures.tsx';

const LIVE_MS = 10_000;
/** Each row asks for its own statistics. */
const A_PAGE = 20;
const STATISTICS_MS = 60_000;

export const COLUMNS: readonly Column<Endpoint>[] = [
  { title: 'Endpoint', cell: Name },
  { title: 'Condition', cell: (endpoint) => <Condition of={endpoint} /> },
  {
    title: 'Success, 24 h',
    end: true,
    cell: ({ id }) => <Figure id={id} of={({ last_24_hours: day }) => successText(day)} />,
  },
  {
    title: 'Latency p50 / p95',
    end: true,
    cell: ({ id }) => <Figure id={id} of={({ last_24_hours: day }) => latencyText(day)} />,
  },
  {
    title: 'Latest attempts',
    cell: ({ id }) => <Figure id={id} of={({ latest }) => <LatestStrip latest={latest} />} />,
  },
  {
    title: 'Queue',
    end: true,
    cell: ({ id, waiting }) =>
      waiting === 0 ? (
        '0'
      ) : (
        <Link href={`/deliveries?state=stuck&endpoint_id=${id}`}>{formatCount(waiting)}</Link>
      ),
  },
];

function Name(endpoint: Endpoint) {
  return (
    <>
      <Link href={`/endpoints/${endpoint.id}`}>{nameOf(endpoint)}</Link>
      <div className="muted small break" title={endpoint.url}>
        {endpoint.affiliate_id === null ? 'own webhook · ' : ''}
        {endpoint.method} {endpoint.url.split('?', 1)[0]}
      </div>
    </>
  );
}

/** One figure; those of a row share their request. */
function Figure({ id, of }: { id: string; of: (statistics: Statistics) => ReactNode }) {
  const query = api.useQuery(
    'get',
    '/v1/endpoints/{id}/statistics',
    { params: { path: { id } } },
    { staleTime: STATISTICS_MS, refetchInterval: STATISTICS_MS },
  );
  if (query.data) return of(query.data);
  return <span className="muted">{query.isError ? 'unknown' : '…'}</span>;
}

export function Page() {
  const filters = useFilters(['affiliate_id']);
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/endpoints',
    { params: { query: { ...filters.values, limit: A_PAGE } } },
    { ...paged, refetchInterval: LIVE_MS },
  );
  return (
    <PageFrame title="Endpoints" about="The servers that receive postbacks, and how they fare.">
      <FilterBar filters={filters}>
        <TextFilter filters={filters} name="affiliate_id" label="Affiliate" hint="aff_…" />
      </FilterBar>
      <Panel title="Endpoints" bare>
        <List
          caption="Endpoints"
          one="endpoint"
          pages={pages}
          columns={COLUMNS}
          filters={filters}
          empty={
            <Empty title="There is no endpoint yet.">
              Add one by <code>POST /v1/endpoints</code>: with <code>affiliate_id</code> for an affiliate’s
              server, without it for a webhook of your own.
            </Empty>
          }
        />
      </Panel>
    </PageFrame>
  );
}
