// The affiliate's endpoints, how they fare, and a new one.
import { useState } from 'react';
import { EndpointForm } from '../../pages/endpoints/endpoint-form.tsx';
import { EndpointList } from '../../pages/endpoints/endpoint-list.tsx';
import { Button } from '../../parts/button.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { useMay } from '../../wire/session.ts';

export function Page() {
  const [isAdding, setAdding] = useState(false);
  const maySetUp = useMay('own:endpoints');
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
        <EndpointList
          query={{}}
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
