// The endpoints of an affiliate, with their condition.
import { Link } from 'wouter';
import { formatCount } from '../../format/money.ts';
import { Empty, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { Condition, nameOf, type Endpoint } from '../endpoints/condition.tsx';

const COLUMNS: readonly Column<Endpoint>[] = [
  {
    title: 'Endpoint',
    cell: (endpoint) => (
      <>
        <Link href={`/endpoints/${endpoint.id}`}>{nameOf(endpoint)}</Link>
        <div className="muted small break">{endpoint.url}</div>
      </>
    ),
  },
  { title: 'Condition', cell: (endpoint) => <Condition of={endpoint} /> },
  { title: 'Listens to', cell: ({ events }) => events.join(', ') },
  { title: 'Queue', end: true, cell: ({ waiting }) => formatCount(waiting) },
];

export function OwnEndpoints({ id }: { id: string }) {
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/endpoints',
    { params: { query: { affiliate_id: id, limit: 50 } } },
    paged,
  );
  return (
    <Panel title="Endpoints" about="Its servers, which hear of its conversions." bare>
      <List
        caption="Endpoints"
        one="endpoint"
        pages={pages}
        columns={COLUMNS}
        empty={
          <Empty title="It has no endpoint.">
            It is told of nothing. It adds one in its portal, or you do by <code>POST /v1/endpoints</code>.
          </Empty>
        }
      />
    </Panel>
  );
}
