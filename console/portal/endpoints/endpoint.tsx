// One endpoint of the affiliate: how it fares, its postbacks, its settings, and how to verify them.
import { lazy, Suspense } from 'react';
import { Link, useParams, useSearchParams } from 'wouter';
import { Condition, explain, nameOf } from '../../pages/endpoints/condition.tsx';
import { EndpointActions } from '../../pages/endpoints/endpoint-actions.tsx';
import { useEndpoint } from '../../pages/endpoints/use-endpoint.ts';
import { Loaded, Loading, PageFrame, Panel } from '../../parts/layout.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { DeliveryList } from './delivery-list.tsx';

// What is behind a tab is loaded with it.
const Health = lazy(async () => ({ default: (await import('../../pages/endpoints/health.tsx')).Health }));
const Settings = lazy(async () => ({
  default: (await import('../../pages/endpoints/settings.tsx')).Settings,
}));
const Verifying = lazy(async () => ({ default: (await import('./verifying.tsx')).Verifying }));

export function Page() {
  const { id } = useParams<{ id: string }>();
  const [search, setSearch] = useSearchParams();
  const query = useEndpoint(id);
  return (
    <PageFrame
      title={query.data ? nameOf(query.data) : 'Endpoint'}
      crumb={<Link href="/endpoints">Endpoints</Link>}
      actions={query.data && <EndpointActions endpoint={query.data} />}
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
