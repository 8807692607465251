// The affiliate's endpoints, how they fare, and a new one.
import { useState } from 'react';
import { COLUMNS } from '../../pages/endpoints/endpoints.tsx';
import { Button } from '../../parts/button.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import { EndpointForm } from './endpoint-form.tsx';

const LIVE_MS = 10_000;
const A_PAGE = 20;

export function Page() {
  const [isAdding, setAdding] = useState(false);
  const maySetUp = useMay('own:endpoints');
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/endpoints',
    { params: { query: { limit: A_PAGE } } },
    { ...paged, refetchInterval: LIVE_MS },
  );
  return (
    <PageFrame
      title="Endpoints"
      about="Your servers, which are told of each of your conversions by a postback."
      actions={
        maySetUp && (
          <Button kind="primary" onClick={() => setAdding(true)}>
            New endpoint…
          </Button>
        )
      }
    >
      <Panel title="Endpoints" bare>
        <List
          caption="Endpoints"
          one="endpoint"
          pages={pages}
          columns={COLUMNS}
          empty={
            <Empty title="You have no endpoint yet.">
              Add the address of your tracker or server. Postbacks begin with the next conversion.
            </Empty>
          }
        />
      </Panel>
      {isAdding && <EndpointForm onClose={() => setAdding(false)} />}
    </PageFrame>
  );
}
