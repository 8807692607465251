// The assignment of an orphan to an affiliate, who then also gets the customer.
import { useState } from 'react';
import { Confirm } from '../../parts/dialog.tsx';
import { toast } from '../../parts/toasts.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import type { RowOf } from '../../wire/types.ts';

export type Orphan = RowOf<'/v1/orphans'>;

const OFFERED = 200;

export function AssignDialog({ orphan, onClose }: { orphan: Orphan; onClose: () => void }) {
  const [affiliate, setAffiliate] = useState('');
  const affiliates = api.useQuery('get', '/v1/affiliates', {
    params: { query: { limit: OFFERED, state: 'active' } },
  });
  const known = affiliates.data?.data ?? [];
  const run = async () => {
    await client.POST('/v1/orphans/{event_id}/assign', {
      params: { path: { event_id: orphan.id } },
      body: { affiliate_id: affiliate },
    });
    toast('Assigned. It is settled in a moment.');
    await refresh();
  };
  return (
    <Confirm
      title="Assign an orphan"
      confirm="Assign 1 event"
      isReady={/^aff_[0-9a-z]{26}$/.test(affiliate)}
      run={run}
      onClose={onClose}
    >
      <p>
        The event is attributed to the affiliate, and its customer with all that follows. It is rated by the
        deal in force when it occurred.
      </p>
      <div className="field">
        <label htmlFor="affiliate">Affiliate</label>
        <input
          id="affiliate"
          list="affiliates"
          placeholder="aff_…"
          value={affiliate}
          onChange={({ target }) => setAffiliate(target.value.trim())}
        />
        <datalist id="affiliates">
          {known.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </datalist>
        <small>{known.find(({ id }) => id === affiliate)?.name ?? 'Choose one, or paste an id.'}</small>
      </div>
    </Confirm>
  );
}
