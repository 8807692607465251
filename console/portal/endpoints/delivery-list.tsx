// Postbacks to the affiliate's endpoints as a list with filters.
import { COLUMNS, STATES } from '../../pages/deliveries/deliveries.tsx';
import { FilterBar, SelectFilter, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';

/** All are of the same affiliate. */
const OWN_COLUMNS = COLUMNS.filter(({ title }) => title !== 'Affiliate');

/** Without an endpoint: of all of them. */
export function DeliveryList({ endpointId }: { endpointId?: string }) {
  const filters = useFilters(endpointId ? ['state', 'last_error'] : ['state', 'last_error', 'endpoint_id']);
  const query = filters.values as { state?: (typeof STATES)[number][0] };
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/deliveries',
    { params: { query: { ...query, ...(endpointId && { endpoint_id: endpointId }), limit: 50 } } },
    paged,
  );
  return (
    <div className="stack">
      <FilterBar filters={filters}>
        <SelectFilter filters={filters} name="state" label="State" options={STATES} />
        <TextFilter filters={filters} name="last_error" label="Last error" hint="http_404" />
        {!endpointId && <TextFilter filters={filters} name="endpoint_id" label="Endpoint" hint="ep_…" />}
      </FilterBar>
      <Panel title="Postbacks" about="Open one to see each attempt, and to send it again." bare>
        <List
          caption="Postbacks"
          one="postback"
          pages={pages}
          columns={OWN_COLUMNS}
          filters={filters}
          empty={<Empty title="No postback yet.">The first one is sent with your next conversion.</Empty>}
        />
      </Panel>
    </div>
  );
}
