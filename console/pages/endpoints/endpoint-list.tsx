// Table of endpoints: condition, success and latency of 24 hours, a strip of its hours, the queue.
import { useEffect, type ReactNode } from 'react';
import { Link } from 'wouter';
import { formatCount } from '../../format/money.ts';
import type { Filters } from '../../parts/filters.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import type { RowOf } from '../../wire/types.ts';
import { Condition, nameOf, type Endpoint } from './condition.tsx';
import { HoursStrip, latencyText, successText } from './figures.tsx';

const LIVE_MS = 10_000;
const A_PAGE = 50;
const STATISTICS_MS = 60_000;

type Statistics = RowOf<'/v1/endpoint-statistics'>;
type Find = (id: string) => Statistics | undefined;

const columns = (find: Find): readonly Column<Endpoint>[] => [
  { title: 'Endpoint', cell: Name },
  { title: 'Condition', cell: (endpoint) => <Condition of={endpoint} /> },
  {
    title: 'Success, 24 h',
    end: true,
    cell: ({ id }) => <Figure from={find(id)} of={({ last_24_hours: day }) => successText(day)} />,
  },
  {
    title: 'Latency p50 / p95',
    end: true,
    cell: ({ id }) => <Figure from={find(id)} of={({ last_24_hours: day }) => latencyText(day)} />,
  },
  {
    title: '24 hours',
    cell: ({ id }) => <Figure from={find(id)} of={({ hours }) => <HoursStrip hours={hours} />} />,
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

type FigureProps = { from: Statistics | undefined; of: (statistics: Statistics) => ReactNode };

function Figure({ from, of }: FigureProps) {
  return from === undefined ? <span className="muted">…</span> : of(from);
}

type EndpointListProps = {
  query: { affiliate_id?: string };
  filters?: Filters;
  empty: ReactNode;
};

export function EndpointList({ query, filters, empty }: EndpointListProps) {
  const asked = { params: { query: { ...query, limit: A_PAGE } } };
  const pages = api.useInfiniteQuery('get', '/v1/endpoints', asked, { ...paged, refetchInterval: LIVE_MS });
  const find = useStatistics(asked, pages.data?.pages.length ?? 0);
  return (
    <List
      caption="Endpoints"
      one="endpoint"
      pages={pages}
      columns={columns(find)}
      {...(filters && { filters })}
      empty={empty}
    />
  );
}

/** Statistics of the same pages as the list has. */
function useStatistics(
  asked: { params: { query: { affiliate_id?: string; limit: number } } },
  listed: number,
): Find {
  const { data, hasNextPage, isFetching, fetchNextPage } = api.useInfiniteQuery(
    'get',
    '/v1/endpoint-statistics',
    asked,
    { ...paged, staleTime: STATISTICS_MS, refetchInterval: STATISTICS_MS },
  );
  const read = data?.pages.length ?? 0;
  useEffect(() => {
    if (read > 0 && read < listed && hasNextPage && !isFetching) void fetchNextPage();
  }, [read, listed, hasNextPage, isFetching, fetchNextPage]);
  return (id) => data?.pages.flatMap((page) => page.data).find((one) => one.endpoint_id === id);
}
