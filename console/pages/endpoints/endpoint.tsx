// One endpoint: its condition, its figures, its settings, and what a person can do.
import { Link, useParams, useSearchParams } from 'wouter';
import { formatCount } from '../../format/money.ts';
import { duration } from '../../format/time.ts';
import { Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { Facts, Id, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { Condition, explain, nameOf, type Endpoint } from './condition.tsx';
import { EndpointActions } from './endpoint-actions.tsx';
import { Health } from './health.tsx';

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
                { id: 'settings', label: 'Settings', content: () => <Settings of={endpoint} /> },
              ]}
            />
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

export function Settings({ of: endpoint }: { of: Endpoint }) {
  const headers = Object.keys(endpoint.headers);
  return (
    <Panel title="Settings">
      <Facts
        of={[
          ['Id', <Id key="id" id={endpoint.id} />],
          [
            'URL',
            <code key="url" className="break">
              {endpoint.url}
            </code>,
          ],
          ['Method', `${endpoint.method}, body ${endpoint.body}`],
          [
            'Affiliate',
            endpoint.affiliate_id ? <Id id={endpoint.affiliate_id} /> : 'none: the operator’s own webhook',
          ],
          ['Listens to', endpoint.events.join(', ')],
          ['Headers', headers.length > 0 ? headers.join(', ') : null],
          ['Schedule', endpoint.schedule.map((seconds) => duration(seconds * 1000)).join(', ')],
          ['In flight', `at most ${endpoint.max_in_flight} at once`],
          ['Rate', endpoint.rate_per_second === null ? 'no limit' : `${endpoint.rate_per_second} a second`],
          ['Signing', endpoint.signing],
          ['Public key', endpoint.public_key && <code className="break">{endpoint.public_key}</code>],
          ['Former secret signs until', endpoint.overlap_ends_at && <Time at={endpoint.overlap_ends_at} />],
          ['Customer ids', endpoint.share_customer_id ? 'are sent' : 'are left out'],
          ['Version', endpoint.api_version],
          ['Added', <Time key="added" at={endpoint.created_at} />],
        ]}
      />
    </Panel>
  );
}
