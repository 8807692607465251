// One affiliate: its state, its money, and by tab all that belongs to it.
import { lazy } from 'react';
import { Link, useParams, useSearchParams } from 'wouter';
import { Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { Facts, Id, State, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { AffiliateActions } from './affiliate-actions.tsx';
import { MEANING, type Affiliate } from './affiliate-types.ts';
import { Balance } from './balance.tsx';

// What is behind a tab is loaded with it.
const Progress = lazy(async () => ({ default: (await import('./progress.tsx')).Progress }));
const Links = lazy(async () => ({ default: (await import('../links/link-list.tsx')).Links }));
const Coupons = lazy(async () => ({ default: (await import('../links/coupons.tsx')).Coupons }));
const OwnEndpoints = lazy(async () => ({ default: (await import('./own-endpoints.tsx')).OwnEndpoints }));
const Statements = lazy(async () => ({ default: (await import('../statements/list.tsx')).Statements }));
const Ledger = lazy(async () => ({ default: (await import('./ledger.tsx')).Ledger }));
const PaymentDetails = lazy(async () => ({
  default: (await import('./payment-details.tsx')).PaymentDetails,
}));

export function Page() {
  const { id } = useParams<{ id: string }>();
  const [search, setSearch] = useSearchParams();
  const query = api.useQuery('get', '/v1/affiliates/{id}', { params: { path: { id } } });
  return (
    <PageFrame
      title={query.data?.name ?? 'Affiliate'}
      crumb={<Link href="/affiliates">Affiliates</Link>}
      actions={query.data && <AffiliateActions affiliate={query.data} />}
    >
      <Loaded query={query} of="the affiliate">
        {(affiliate) => (
          <>
            <div className="columns">
              <Standing of={affiliate} />
              <Balance affiliate={affiliate} />
            </div>
            <Tabs
              label="Affiliate"
              chosen={search.get('tab') ?? 'progress'}
              onChoose={(tab) => setSearch({ tab }, { replace: true })}
              tabs={[
                { id: 'progress', label: 'Progress', content: () => <Progress id={id} /> },
                { id: 'links', label: 'Links', content: () => <Links affiliate={affiliate} /> },
                { id: 'coupons', label: 'Coupons', content: () => <Coupons affiliate={affiliate} /> },
                { id: 'endpoints', label: 'Endpoints', content: () => <OwnEndpoints id={id} /> },
                { id: 'statements', label: 'Statements', content: () => <Statements id={id} /> },
                { id: 'ledger', label: 'Ledger', content: () => <Ledger id={id} /> },
                {
                  id: 'payment',
                  label: 'Payment details',
                  content: () => <PaymentDetails affiliate={affiliate} />,
                },
              ]}
            />
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

function Standing({ of: affiliate }: { of: Affiliate }) {
  const { id, state, parent_id: parent, parent_since: since } = affiliate;
  return (
    <Panel title="Affiliate" actions={<State of={state} />}>
      <p>{MEANING[state]}</p>
      <Facts
        of={[
          ['Id', <Id key="id" id={id} />],
          ['Own id', affiliate.external_id],
          ['E-mail', affiliate.email && <a href={`mailto:${affiliate.email}`}>{affiliate.email}</a>],
          ['Tax number', affiliate.tax_id],
          ['Country', affiliate.country],
          ['Closed', affiliate.closed_at && <Time at={affiliate.closed_at} />],
          [
            'Parent',
            parent && (
              <span key="parent">
                <Id id={parent} />{' '}
                {since === null ? (
                  'from the beginning'
                ) : (
                  <>
                    since <Time at={since} />
                  </>
                )}
              </span>
            ),
          ],
          ['Added', <Time key="added" at={affiliate.created_at} />],
        ]}
      />
      <p className="row">
        <Link href={`/events?affiliate_id=${id}`}>Its events</Link>
        <Link href={`/deliveries?affiliate_id=${id}`}>Its postbacks</Link>
        <Link href={`/commissions?affiliate_id=${id}`}>Its commissions</Link>
        <Link href={`/payouts?affiliate_id=${id}`}>Its payouts</Link>
        <Link href={`/deals?affiliate_id=${id}`}>Its deals</Link>
      </p>
    </Panel>
  );
}
