// One endpoint of the affiliate: how it fares, its postbacks, its settings, and how to verify them.
import { lazy, Suspense, useState } from 'react';
import { Link, useLocation, useParams, useSearchParams } from 'wouter';
import { Condition, explain, nameOf, type Endpoint } from '../../pages/endpoints/condition.tsx';
import { EndpointActions } from '../../pages/endpoints/endpoint-actions.tsx';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Loaded, Loading, PageFrame, Panel } from '../../parts/layout.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { toast } from '../../parts/toasts.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import { DeliveryList } from './delivery-list.tsx';

// What is behind a tab or a button is loaded with it.
const Health = lazy(async () => ({ default: (await import('../../pages/endpoints/health.tsx')).Health }));
const Settings = lazy(async () => ({
  default: (await import('../../pages/endpoints/settings.tsx')).Settings,
}));
const EndpointForm = lazy(async () => ({ default: (await import('./endpoint-form.tsx')).EndpointForm }));
const Verifying = lazy(async () => ({ default: (await import('./verifying.tsx')).Verifying }));

const LIVE_MS = 5000;

export function Page() {
  const { id } = useParams<{ id: string }>();
  const [search, setSearch] = useSearchParams();
  const query = api.useQuery(
    'get',
    '/v1/endpoints/{id}',
    { params: { path: { id } } },
    { refetchInterval: LIVE_MS },
  );
  return (
    <PageFrame
      title={query.data ? nameOf(query.data) : 'Endpoint'}
      crumb={<Link href="/endpoints">Endpoints</Link>}
      actions={query.data && <Actions endpoint={query.data} />}
    >
      <Loaded query={query} of="the endpoint">
        {(endpoint) => (
          <>
            <Panel title="Now" actions={<Condition of={endpoint} />}>
              <p>{explain(endpoint)}</p>
            </Panel>
            <Tabs
              label="Endpoint"
              chosen={search.get('tab') ?? 'postbacks'}
              onChoose={(tab) => setSearch({ tab }, { replace: true })}
              tabs={[
                { id: 'postbacks', label: 'Postbacks', content: () => <DeliveryList endpointId={id} /> },
                { id: 'health', label: 'Success and latency', content: () => <Health id={id} /> },
                { id: 'settings', label: 'Settings', content: () => <Settings of={endpoint} /> },
                {
                  id: 'verify',
                  label: 'Verify',
                  content: () => (
                    <Suspense fallback={<Loading of="the programs" />}>
                      <Verifying endpoint={endpoint} />
                    </Suspense>
                  ),
                },
              ]}
            />
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

function Actions({ endpoint }: { endpoint: Endpoint }) {
  const [asked, ask] = useState<'change' | 'remove' | null>(null);
  const maySetUp = useMay('own:endpoints');
  const close = () => ask(null);
  return (
    <>
      <EndpointActions endpoint={endpoint} />
      {maySetUp && (
        <>
          <Button onClick={() => ask('change')}>Change…</Button>
          <Button kind="danger" onClick={() => ask('remove')}>
            Remove…
          </Button>
        </>
      )}
      {asked === 'change' && (
        <Suspense fallback={null}>
          <EndpointForm endpoint={endpoint} onClose={close} />
        </Suspense>
      )}
      {asked === 'remove' && <Removal endpoint={endpoint} onClose={close} />}
    </>
  );
}

function Removal({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const [, navigate] = useLocation();
  const run = async () => {
    await client.DELETE('/v1/endpoints/{id}', { params: { path: { id: endpoint.id } } });
    navigate('/endpoints');
    toast(`${nameOf(endpoint)} is removed.`);
    await refresh();
  };
  return (
    <Confirm
      title={`Remove ${nameOf(endpoint)}`}
      confirm="Remove 1 endpoint"
      kind="danger"
      run={run}
      onClose={onClose}
    >
      <p>
        It is told of nothing any more, and what waits for it is not sent. What was sent to it stays in the
        list of postbacks. To stop for a while, pause it.
      </p>
    </Confirm>
  );
}
