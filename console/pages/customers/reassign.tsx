// Gives a customer to another affiliate, from a moment on, with the reason.
import { useState } from 'react';
import { isId } from '../../format/places.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField, TimeField } from '../../parts/form.tsx';
import { toast } from '../../parts/toasts.tsx';
import { client, refresh } from '../../wire/client.ts';
import { AffiliateField } from '../affiliates/pick.tsx';

export function ReassignDialog({ customerId, onClose }: { customerId: string; onClose: () => void }) {
  const [affiliate, setAffiliate] = useState('');
  const [from, setFrom] = useState('');
  const [reason, setReason] = useState('');
  const run = async () => {
    await client.POST('/v1/customers/{customer_id}/reassign', {
      params: { path: { customer_id: customerId } },
      body: { affiliate_id: affiliate, from, reason: reason.trim() },
    });
    toast('Kept. Its events are judged again in a moment.');
    await refresh();
  };
  return (
    <Confirm
      title={`Give ${customerId} to another affiliate`}
      confirm="Give 1 customer"
      isReady={isId(affiliate) && from !== '' && reason.trim() !== ''}
      run={run}
      onClose={onClose}
    >
      <p>
        Its events that occurred from then on belong to the affiliate, also those that were settled. Both
        affiliates are told of what changes.
      </p>
      <AffiliateField value={affiliate} onChange={setAffiliate} />
      <TimeField label="From" value={from} onChange={setFrom} help="May lie in the past or in the future." />
      <TextField label="Reason" value={reason} onChange={setReason} help="Kept with the decision." />
    </Confirm>
  );
}
