// Endpoints, found by affiliate, and how they fare.
import { FilterBar, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { EndpointList } from './endpoint-list.tsx';

export function Page() {
  const filters = useFilters(['affiliate_id']);
  return (
    <PageFrame title="Endpoints" about="The servers that receive postbacks, and how they fare.">
      <FilterBar filters={filters}>
        <TextFilter filters={filters} name="affiliate_id" label="Affiliate" hint="aff_…" />
      </FilterBar>
      <Panel title="Endpoints" bare>
        <EndpointList
          query={filters.values}
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
