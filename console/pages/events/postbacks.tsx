// The postbacks of a trace, each with its attempts.
import { Empty, Loaded, Panel } from '../../parts/layout.tsx';
import { Id, Outside, State, Time, WithIds } from '../../parts/values.tsx';
import { Attempts } from '../deliveries/attempts.tsx';
import { useDelivery } from '../deliveries/use-delivery.ts';
import type { TracedDelivery } from './trace-types.ts';

export function Postbacks({ deliveries }: { deliveries: readonly TracedDelivery[] }) {
  if (deliveries.length === 0)
    return (
      <Panel title="5 · Postbacks">
        <Empty title="No postback.">
          They are planned for every endpoint that listens to such a message, once the event is settled.
        </Empty>
      </Panel>
    );
  return deliveries.map((delivery, index) => (
    <One key={delivery.id} delivery={delivery} title={`5.${index + 1} · ${delivery.type}`} />
  ));
}

function One({
  delivery: { id, endpoint_id: endpoint, state },
  title,
}: {
  delivery: TracedDelivery;
  title: string;
}) {
  const query = useDelivery(id);
  return (
    <Panel
      title={title}
      about={
        <>
          <Id id={id} /> to <Id id={endpoint} />
        </>
      }
      actions={
        <>
          {query.data?.workflow_url && <Outside href={query.data.workflow_url}>Temporal</Outside>}
          <State of={query.data?.state ?? state} />
        </>
      }
      bare
    >
      <Loaded query={query} of="its attempts">
        {({ attempts, next_attempt_at: at, next_reason: reason, finished_at: finished }) => (
          <>
            {finished === null && (
              <p className="panel-body small">
                Next try: {at ? <Time at={at} isDue /> : 'not planned yet'}{' '}
                {reason && <WithIds text={`– ${reason}`} />}
              </p>
            )}
            <Attempts of={attempts} />
          </>
        )}
      </Loaded>
    </Panel>
  );
}
