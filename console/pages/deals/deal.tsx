// One deal: what it pays now, its versions side by side, and other terms to try.
import { useState } from 'react';
import { Link, useParams } from 'wouter';
import { Button } from '../../parts/button.tsx';
import { useNow } from '../../parts/clock.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { TimeField } from '../../parts/form.tsx';
import { Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Badge, Facts, Id, Time } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import { OtherTerms } from './other-terms.tsx';
import { inForce, summaryOf, type Deal } from './terms.ts';
import { Versions } from './versions.tsx';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';

export function Page() {
  const { id } = useParams<{ id: string }>();
  const [isEnding, setEnding] = useState(false);
  const mayManage = useMay('manage');
  const query = api.useQuery('get', '/v1/deals/{id}', { params: { path: { id } } });
  return (
    <PageFrame
      title={query.data?.name ?? 'Deal'}
      crumb={<Link href="/deals">Deals</Link>}
      actions={
        mayManage &&
        query.data && (
          <Button kind="danger" onClick={() => setEnding(true)}>
            {query.data.ended_at === null ? 'End…' : 'Move the end…'}
          </Button>
        )
      }
    >
      <Loaded query={query} of="the deal">
        {(deal) => (
          <>
            <Standing of={deal} />
            <Versions versions={deal.versions} />
            {/* Begins anew with the terms of a version that was added. */}
            {mayManage && <OtherTerms key={deal.versions.length} deal={deal} />}
            {isEnding && <EndDialog deal={deal} onClose={() => setEnding(false)} />}
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

function Standing({ of: deal }: { of: Deal }) {
  const now = useNow();
  const version = inForce(deal, now);
  const next = deal.versions.find(({ effective_from: from }) => Date.parse(from) > now);
  const hasEnded = deal.ended_at !== null && Date.parse(deal.ended_at) <= now;
  return (
    <Panel
      title="Now"
      actions={
        <Badge tone={version ? 'good' : 'off'}>{version ? 'in force' : hasEnded ? 'ended' : 'not yet'}</Badge>
      }
    >
      <p className="break">
        {version
          ? `Version ${version.version}: ${summaryOf(version.terms)}.`
          : hasEnded
            ? 'Events are rated by the operator’s default deal, or earn nothing without one.'
            : 'No version of it has begun.'}
      </p>
      <Facts
        of={[
          [
            'For',
            deal.affiliate_id === null ? (
              'every affiliate without a deal of its own'
            ) : (
              <AffiliateLink id={deal.affiliate_id} />
            ),
          ],
          [
            'Next',
            next && (
              <span key="next">
                version {next.version}, <Time at={next.effective_from} />
              </span>
            ),
          ],
          ['Ends', <Time key="ends" at={deal.ended_at} none="without an end" />],
          ['Made', <Time key="made" at={deal.created_at} />],
          ['Id', <Id key="id" id={deal.id} />],
        ]}
      />
    </Panel>
  );
}

function EndDialog({ deal: { id, name }, onClose }: { deal: Deal; onClose: () => void }) {
  const [at, setAt] = useState('');
  const run = async () => {
    await client.POST('/v1/deals/{id}/end', { params: { path: { id } }, body: at ? { at } : {} });
    await refresh();
  };
  return (
    <Confirm title={`End ${name}`} confirm="End 1 deal" kind="danger" run={run} onClose={onClose}>
      <p>
        Events that occur from then on are rated by the operator’s default deal, or earn nothing without one.
        Those since then that were settled are rated again, and affiliates hear of the difference.
      </p>
      <TimeField
        label="At"
        value={at}
        onChange={setAt}
        help="Empty: now. An end in the future may be moved."
      />
    </Confirm>
  );
}
