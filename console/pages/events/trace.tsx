// The trace of an event on one page: request, evidence, commission, ledger, postbacks.
import type { ReactNode } from 'react';
import { Link, useParams } from 'wouter';
import { plain, reasonText } from '../../format/words.ts';
import { Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Badge, Facts, Id, Money, Outside, State, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import { Commissions } from './commissions.tsx';
import { Decide } from './decide.tsx';
import { Evidence } from './evidence.tsx';
import { Postbacks } from './postbacks.tsx';
import type { Trace } from './trace-types.ts';
import { Transfers } from './transfers.tsx';
import { Versions } from './versions.tsx';

const LIVE_MS = 3000;

export function Page() {
  return <TracePage crumb={<Link href="/events">Events</Link>} />;
}

export function TracePage({ crumb }: { crumb: ReactNode }) {
  const { id } = useParams<{ id: string }>();
  const query = api.useQuery(
    'get',
    '/v1/events/{id}',
    { params: { path: { id } } },
    { refetchInterval: ({ state: { data } }) => (data && isOver(data) ? false : LIVE_MS) },
  );
  return (
    <PageFrame
      title={query.data ? titleOf(query.data) : 'Event'}
      crumb={crumb}
      about="From the request to the affiliate’s answer."
      actions={
        query.data && (
          <>
            {query.data.workflow_url && (
              <Outside href={query.data.workflow_url}>Its batch in the Temporal UI</Outside>
            )}
            <Decide trace={query.data} />
          </>
        )
      }
    >
      <Loaded query={query} of="the trace">
        {(trace) => <Steps trace={trace} />}
      </Loaded>
    </PageFrame>
  );
}

function titleOf({ event }: Trace): string {
  return `${plain(event.event)} ${event.transaction_id ?? ''}`.trim();
}

/** Whether nothing of it changes by itself any more. */
function isOver({ status, deliveries, versions }: Trace): boolean {
  const last = versions?.at(-1);
  // The status and the versions are read one after the other, and a change may fall between.
  const isBooked = last?.state !== 'accepted' && Boolean(last?.voided) === (status === 'voided');
  return (
    status !== 'accepted' &&
    isBooked &&
    deliveries.every(({ state }) => ['delivered', 'gave_up', 'cancelled'].includes(state))
  );
}

function Steps({ trace }: { trace: Trace }) {
  return (
    <>
      <div className="columns columns-wide">
        <Panel title="1 · Request" actions={<State of={trace.status} />}>
          <Request trace={trace} />
        </Panel>
        <Panel title="2 · Evidence" about={attributed(trace)}>
          <Evidence trace={trace} />
        </Panel>
      </div>
      {trace.versions && <Versions versions={trace.versions} />}
      <Commissions trace={trace} />
      <Transfers title="4 · Ledger" transfers={trace.transfers} />
      <Postbacks deliveries={trace.deliveries} />
    </>
  );
}

/** Statuses in which an event is not attributed yet. */
const NOT_SETTLED: ReadonlySet<string> = new Set(['accepted', 'set_aside']);

function attributed({ attribution, status }: Trace): string {
  if (attribution === null)
    return NOT_SETTLED.has(status) ? 'It is not settled yet.' : 'No evidence decided: the event is nobody’s.';
  return attribution.method === null ? 'By the conversion it refers to.' : `By ${plain(attribution.method)}.`;
}

/** Why an event that is not settled is not, in words. */
const NOT_YET: Readonly<Record<string, string>> = {
  accepted: 'It is stored, and settled with the next batch, as a rule within a second.',
  orphaned:
    'It waits for a click, a coupon, an assignment or its conversion, and is settled when that comes.',
  set_aside: 'A rule failed, or something is missing. It is settled again when that is there, or on demand.',
  voided: 'A person took it out of the books.',
  rejected: 'It was attributed, and by the rules earns nothing.',
};

function Request({ trace }: { trace: Trace }) {
  const { id, status, reason, detail, received_at: received, event, sent_by: sentBy } = trace;
  const {
    amount,
    currency,
    payout,
    payout_currency: payoutCurrency,
    metadata,
    occurred_at: occurred,
  } = event;
  const subs = [event.sub1, event.sub2, event.sub3, event.sub4, event.sub5].filter(
    (sub) => sub !== undefined,
  );
  return (
    <div className="stack">
      {NOT_YET[status] && (
        <div className="notice" data-tone="warn">
          {reason && <strong>{reasonText(reason)}. </strong>}
          {detail && <span>{detail}. </span>}
          {NOT_YET[status]}
        </div>
      )}
      <Facts
        of={[
          ['Event', <Id key="id" id={id} />],
          ['Type', event.sent_as ? `${event.event}, sent as ${event.sent_as}` : event.event],
          ['Result', status === 'settled' && reason ? <Badge tone="off">{reasonText(reason)}</Badge> : null],
          [
            'Amount',
            amount !== undefined && currency !== undefined ? (
              <Money amount={amount} currency={currency} />
            ) : null,
          ],
          ['Volume', event.volume],
          ['Symbol', event.symbol],
          ['Payout', payout && <Money amount={payout} currency={payoutCurrency ?? currency ?? ''} />],
          ['Transaction', event.transaction_id],
          ['Reference', event.reference && <ByTransaction of={event.reference} />],
          ['Customer', event.customer_id && <ByCustomer of={event.customer_id} />],
          ['Click', event.click_id && <Id id={event.click_id} />],
          ['Coupon', event.coupon],
          ['Subs', subs.length > 0 ? subs.join(', ') : null],
          ['Occurred', <Time key="occurred" at={occurred} />],
          ['Received', <Time key="received" at={received} />],
          ['Key', sentBy && <ByKey key="key" id={sentBy.key_id} name={sentBy.key_name} />],
          ['Request', sentBy?.request_id && <Id key="request" id={sentBy.request_id} />],
        ]}
      />
      {metadata && <pre tabIndex={0}>{JSON.stringify(metadata, null, 2)}</pre>}
    </div>
  );
}

function ByTransaction({ of }: { of: string }) {
  return <Found by={{ transaction_id: of }}>{of}</Found>;
}

function ByCustomer({ of }: { of: string }) {
  const mayList = useMay('read');
  if (!mayList) return <>{of}</>;
  return <Link href={`/customers?${new URLSearchParams({ id: of }).toString()}`}>{of}</Link>;
}

/** Leads to what else was done with a key, for those who may read that. */
function ByKey({ id, name }: { id: string; name: string }) {
  const mayManage = useMay('manage');
  if (!mayManage) return <span title={id}>{name}</span>;
  return (
    <Link href={`/audit-log?key_id=${id}`} title={id}>
      {name}
    </Link>
  );
}

/** Leads to the events of a filter, which affiliates have no list of. */
function Found({ by, children }: { by: Record<string, string>; children: string }) {
  const mayList = useMay('read');
  if (!mayList) return <>{children}</>;
  return <Link href={`/events?${new URLSearchParams(by).toString()}`}>{children}</Link>;
}
