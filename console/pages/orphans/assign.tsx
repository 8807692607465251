// The assignment of an orphan to an affiliate, who then also gets the customer.
import { useState } from 'react';
import { isId } from '../../format/places.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { toast } from '../../parts/toasts.tsx';
import { client, refresh } from '../../wire/client.ts';
import type { RowOf } from '../../wire/types.ts';
import { AffiliateField } from '../affiliates/pick.tsx';

export type Orphan = RowOf<'/v1/orphans'>;

export function AssignDialog({ orphan, onClose }: { orphan: Orphan; onClose: () => void }) {
  const [affiliate, setAffiliate] = useState('');
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
      isReady={isId(affiliate)}
      run={run}
      onClose={onClose}
    >
      <p>
        The event is attributed to the affiliate, and its customer with all that follows. It is rated by the
        deal in force when it occurred.
      </p>
      <AffiliateField value={affiliate} onChange={setAffiliate} />
    </Confirm>
  );
}
