// One postback: what it says, each attempt, what it waits for, and what a person can do.
import { useState } from 'react';
import { Link, useParams } from 'wouter';
import { reasonText } from '../../format/words.ts';
import { Button, type ButtonKind } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { toast } from '../../parts/toasts.tsx';
import { Facts, Id, Money, Outside, State, Time, WithIds } from '../../parts/values.tsx';
import { client, refresh } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import type { Answer } from '../../wire/types.ts';
import { Attempts } from './attempts.tsx';
import { useDelivery } from './use-delivery.ts';

type Delivery = Answer<'/v1/deliveries/{id}'>;
type Verb = 'retry' | 'pause' | 'resume' | 'give-up' | 'acknowledge';

export function Page() {
  const { id } = useParams<{ id: string }>();
  const query = useDelivery(id);
  return (
    <PageFrame
      title="Postback"
      crumb={<Link href="/deliveries">Postbacks</Link>}
      actions={query.data && <DeliveryActions delivery={query.data} />}
    >
      <Loaded query={query} of="the postback">
        {(delivery) => (
          <>
            <Panel title={delivery.type}>
              <DeliveryFacts of={delivery} />
            </Panel>
            <Panel title="Attempts" bare>
              <Attempts of={delivery.attempts} />
            </Panel>
            <Panel title="Body" about="as it is sent on every try">
              <pre tabIndex={0}>{JSON.stringify(delivery.body, null, 2)}</pre>
            </Panel>
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

function DeliveryFacts({ of: delivery }: { of: Delivery }) {
  const {
    payout_delta: amount,
    payout_currency: currency,
    event_id: event,
    predecessor_id: before,
  } = delivery;
  return (
    <Facts
      of={[
        ['Id', <Id key="id" id={delivery.id} />],
        ['State', <State key="state" of={delivery.state} />],
        ['Next try', <NextTry key="next" of={delivery} />],
        ['Last error', delivery.last_error && reasonText(delivery.last_error)],
        [
          'Reports',
          amount !== null && currency !== null ? <Money amount={amount} currency={currency} /> : null,
        ],
        ['Affiliate', delivery.affiliate_name],
        [
          'Endpoint',
          <Link key="endpoint" href={`/endpoints/${delivery.endpoint_id}`}>
            {delivery.endpoint_url}
          </Link>,
        ],
        ['Event', event && <Id id={event} />],
        ['After', before && <Id id={before} />],
        ['Planned', <Time key="planned" at={delivery.created_at} />],
        ['Finished', delivery.finished_at && <Time at={delivery.finished_at} />],
        ['Acknowledged', delivery.acknowledged_at && <Time at={delivery.acknowledged_at} />],
        [
          'Workflow',
          delivery.workflow_url && <Outside href={delivery.workflow_url}>In the Temporal UI</Outside>,
        ],
      ]}
    />
  );
}

function NextTry({
  of: { next_attempt_at: at, next_reason: reason, pause_reason: paused, state },
}: {
  of: Delivery;
}) {
  if (paused !== null) return <>paused: {paused}</>;
  if (state === 'delivered') return <>none: it arrived</>;
  if (reason === null && at === null) return <>none</>;
  return (
    <>
      {at !== null && <Time at={at} isDue />}{' '}
      {reason && (
        <span className="muted">
          <WithIds text={reason} />
        </span>
      )}
    </>
  );
}

type Wording = {
  label: string;
  kind: ButtonKind;
  effect: string;
  isFor: (delivery: Delivery) => boolean;
};

const ACTIONS: Readonly<Record<Verb, Wording>> = {
  retry: {
    label: 'Try now',
    kind: 'primary',
    effect: 'It is sent now. The schedule goes on from there if it fails again.',
    isFor: ({ state }) => ['retrying', 'held', 'gave_up'].includes(state),
  },
  pause: {
    label: 'Pause',
    kind: 'plain',
    effect: 'It is not tried until somebody resumes it.',
    isFor: ({ owner, pause_reason: paused }) => owner === 'self' && paused === null,
  },
  resume: {
    label: 'Resume',
    kind: 'plain',
    effect: 'It goes on where its schedule was.',
    isFor: ({ pause_reason: paused }) => paused !== null,
  },
  acknowledge: {
    label: 'Acknowledge',
    kind: 'plain',
    effect: 'It leaves the list of what is stuck. It can still be sent again.',
    isFor: ({ state, acknowledged_at: at }) => state === 'gave_up' && at === null,
  },
  'give-up': {
    label: 'Give up',
    kind: 'danger',
    effect: 'It is not tried any more. It can be sent again later: nothing is deleted.',
    isFor: ({ finished_at: finished }) => finished === null,
  },
};

function DeliveryActions({ delivery }: { delivery: Delivery }) {
  const [asked, ask] = useState<Verb | null>(null);
  const mayManage = useMay('manage');
  const mayRetry = useMay('manage', 'own:endpoints');
  const act = async (verb: Verb) => {
    await client.POST(`/v1/deliveries/{id}/${verb}` as '/v1/deliveries/{id}/retry', {
      params: { path: { id: delivery.id }, ...(verb === 'retry' && { header: { prefer: 'wait=5' } }) },
    });
    toast(`${ACTIONS[verb].label}: done`);
    await refresh();
  };
  const offered = (Object.keys(ACTIONS) as Verb[]).filter(
    (verb) => (verb === 'retry' ? mayRetry : mayManage) && ACTIONS[verb].isFor(delivery),
  );
  return (
    <>
      {offered.map((verb) => (
        <Button key={verb} kind={ACTIONS[verb].kind} onClick={() => ask(verb)}>
          {ACTIONS[verb].label}
        </Button>
      ))}
      {asked && (
        <Confirm
          title={`${ACTIONS[asked].label}?`}
          confirm={`${ACTIONS[asked].label}: 1 postback`}
          kind={asked === 'give-up' ? 'danger' : 'primary'}
          run={() => act(asked)}
          onClose={() => ask(null)}
        >
          <p>{ACTIONS[asked].effect}</p>
        </Confirm>
      )}
    </>
  );
}
