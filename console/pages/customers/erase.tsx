// Erases who a customer is, once its id was typed again, and shows how far that is.
import { useState } from 'react';
import { counted } from '../../format/money.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/form.tsx';
import { Failure } from '../../parts/layout.tsx';
import { State } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';

const POLL_MS = 1000;

export function EraseDialog({ customerId, onClose }: { customerId: string; onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const run = async () => {
    const path = { customer_id: customerId };
    const { data } = await client.POST('/v1/customers/{customer_id}/erase', { params: { path } });
    return data!.id;
  };
  return (
    <Confirm
      title={`Erase ${customerId}`}
      confirm="Erase 1 customer"
      kind="danger"
      isReady={typed.trim() === customerId}
      run={run}
      result={(id) => <Progress id={id} />}
      onClose={() => {
        onClose();
        void refresh();
      }}
    >
      <p>
        Everything that says who it is goes: its id, notes and subs, in events, postbacks and what was
        refused. Money, attribution and the books stay. This cannot be taken back.
      </p>
      <TextField label="Its id once more" value={typed} onChange={setTyped} hint={customerId} />
    </Confirm>
  );
}

/** Read until it is over. */
function Progress({ id }: { id: string }) {
  const query = api.useQuery(
    'get',
    '/v1/erasures/{id}',
    { params: { path: { id } } },
    { refetchInterval: ({ state: { data } }) => (data?.finished_at ? false : POLL_MS) },
  );
  if (query.isError) return <Failure error={query.error} />;
  if (query.data === undefined) return <p role="status">Started…</p>;
  const { state, events, deliveries } = query.data;
  return (
    <div className="stack" role="status">
      <p>
        <State of={state} /> {counted(events, 'event')} and {counted(deliveries, 'postback')} looked through.
      </p>
      {state === 'running' && <p className="muted small">It goes on when this is closed.</p>}
    </div>
  );
}
