// The endpoints of an affiliate, and how they fare.
import { Empty, Panel } from '../../parts/layout.tsx';
import { EndpointList } from '../endpoints/endpoint-list.tsx';
import { NewEndpoint } from '../endpoints/new-endpoint.tsx';

export function OwnEndpoints({ id }: { id: string }) {
  return (
    <Panel
      title="Endpoints"
      about="Its servers, which hear of its conversions."
      actions={<NewEndpoint affiliateId={id} />}
      bare
    >
      <EndpointList
        query={{ affiliate_id: id }}
        empty={
          <Empty title="It has no endpoint.">
            It is told of nothing. It adds one in its portal, or you do here.
          </Empty>
        }
      />
    </Panel>
  );
}
