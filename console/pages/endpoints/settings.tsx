// The settings of an endpoint.
import { duration } from '../../format/time.ts';
import { Panel } from '../../parts/layout.tsx';
import { Facts, Id, Time } from '../../parts/values.tsx';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';
import type { Endpoint } from './condition.tsx';

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
            endpoint.affiliate_id ? (
              <AffiliateLink id={endpoint.affiliate_id} />
            ) : (
              'none: the operator’s own webhook'
            ),
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
