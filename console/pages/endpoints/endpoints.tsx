// Endpoints, found by affiliate, and how they fare.
import { FilterBar, useFilters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { AffiliateFilter } from '../affiliates/affiliate-filter.tsx';
import { EndpointList } from './endpoint-list.tsx';
import { NewEndpoint } from './new-endpoint.tsx';

export function Page() {
  const filters = useFilters(['affiliate_id']);
  return (
    <PageFrame
      title="Endpoints"
      about="The servers that receive postbacks, and how they fare."
      actions={<NewEndpoint />}
    >
      <FilterBar filters={filters}>
        <AffiliateFilter filters={filters} />
      </FilterBar>
      <Panel title="Endpoints" bare>
        <EndpointList
          query={filters.values}
          filters={filters}
          empty={
            <Empty title="There is no endpoint yet.">
              Add the server of an affiliate, which hears of its conversions, or a webhook of your own, which
              hears of all.
            </Empty>
          }
        />
      </Panel>
    </PageFrame>
  );
}
