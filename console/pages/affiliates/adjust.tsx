// Postings by hand to an affiliate's balance: an adjustment, or a debt that is written off.
import { useState } from 'react';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/form.tsx';
import { toast } from '../../parts/toasts.tsx';
import { client, refresh } from '../../wire/client.ts';
import { newIdempotencyKey } from '../../wire/idempotency.ts';
import type { Affiliate } from './affiliate-types.ts';

export type Posting = 'adjustments' | 'write-offs';

const WORDS: Readonly<Record<Posting, { title: string; confirm: string; about: string; amount: string }>> = {
  adjustments: {
    title: 'Adjust the balance of',
    confirm: 'Post 1 adjustment',
    about:
      'A positive amount is payable at once. A negative amount is debt, which the next payouts recover. Another one takes it back.',
    amount: 'A negative one takes away.',
  },
  'write-offs': {
    title: 'Write off debt of',
    confirm: 'Write off 1 debt',
    about: 'The affiliate does not owe it any more, and the operator bears it. This cannot be taken back.',
    amount: 'Empty: all of the debt in this currency.',
  },
};

type Props = { affiliate: Affiliate; posting: Posting; currency: string; onClose: () => void };

export function PostingDialog({ affiliate: { id, name }, posting, currency: first, onClose }: Props) {
  const [currency, setCurrency] = useState(first);
  const [amount, setAmount] = useState('');
  const [reason, setReason] = useState('');
  // The same for each try of this dialog, so that nothing is posted twice.
  const [key] = useState(newIdempotencyKey);
  const { title, confirm, about, amount: help } = WORDS[posting];
  const isAdjustment = posting === 'adjustments';
  const run = async () => {
    const given = { currency: currency.trim().toUpperCase(), reason: reason.trim(), idempotency_key: key };
    const params = { path: { id } };
    if (isAdjustment)
      await client.POST('/v1/affiliates/{id}/adjustments', {
        params,
        body: { ...given, amount: amount.trim() },
      });
    else
      await client.POST('/v1/affiliates/{id}/write-offs', {
        params,
        body: { ...given, ...(amount.trim() && { amount: amount.trim() }) },
      });
    await refresh();
    toast('Posted.');
  };
  return (
    <Confirm
      title={`${title} ${name}`}
      confirm={confirm}
      kind={isAdjustment ? 'primary' : 'danger'}
      isReady={currency.trim() !== '' && reason.trim() !== '' && (!isAdjustment || amount.trim() !== '')}
      run={run}
      onClose={onClose}
    >
      <p>{about}</p>
      <TextField label="Currency" value={currency} onChange={setCurrency} hint="USD" />
      <TextField label="Amount" value={amount} onChange={setAmount} hint="25.00" help={help} />
      <TextField label="Reason" value={reason} onChange={setReason} help="The affiliate sees it." />
    </Confirm>
  );
}
