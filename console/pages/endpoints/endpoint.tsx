// One endpoint: its condition, its figures, its settings, and what a person can do.
import { lazy } from 'react';
import { Link, useParams, useSearchParams } from 'wouter';
import { formatCount } from '../../format/money.ts';
import { Empty, Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { Condition, explain, nameOf } from './condition.tsx';
import { EndpointActions } from './endpoint-actions.tsx';
import { Health } from './health.tsx';
import { useEndpoint } from './use-endpoint.ts';

// What is behind a tab is loaded with it.
const Settings = lazy(async () => ({ default: (await import('./settings.tsx')).Settings }));
const Replays = lazy(async () => ({ default: (await import('./replays.tsx')).Replays }));

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
              <p>
                <Link href={`/deliveries?endpoint_id=${id}`}>Its postbacks</Link>
                {endpoint.waiting > 0 && (
                  <>
                    {' · '}
                    <Link href={`/stuck?endpoint_id=${id}`}>
                      {formatCount(endpoint.waiting)} wait in its queue
                    </Link>
                  </>
                )}
              </p>
            </Panel>
            <Tabs
              label="Endpoint"
              chosen={search.get('tab') ?? 'health'}
              onChoose={(tab) => setSearch({ tab }, { replace: true })}
              tabs={[
                { id: 'health', label: 'Success and latency', content: () => <Health id={id} /> },
                { id: 'replays', label: 'Replays', content: () => <OwnReplays id={id} /> },
                { id: 'settings', label: 'Settings', content: () => <Settings of={endpoint} /> },
              ]}
            />
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

function OwnReplays({ id }: { id: string }) {
  return (
    <Replays
      id={id}
      about="Of postbacks to this endpoint alone. Those across endpoints are under Replays."
      empty={<Empty title="Nothing was replayed to it.">The button Replay… begins one.</Empty>}
    />
  );
}
