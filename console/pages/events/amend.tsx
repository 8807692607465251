// Corrects the values of a conversion: a new version, which the books follow.
import { useState } from 'react';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/form.tsx';
import { toast } from '../../parts/toasts.tsx';
import { client, refresh } from '../../wire/client.ts';
import type { Trace } from './trace-types.ts';

type Values = Pick<Trace['event'], 'amount' | 'currency' | 'volume' | 'payout'>;

/** A reversal is voided and sent again. */
const REVERSALS: ReadonlySet<Trace['event']['event']> = new Set([
  'chargeback',
  'refund',
  'bonus_abuse',
  'fraud',
  'account_closure',
  'chargeback_won',
]);

export function isAmendable({ status, event }: Trace): boolean {
  return status !== 'rejected' && status !== 'voided' && !REVERSALS.has(event.event);
}

export function AmendDialog({ trace: { id, event }, onClose }: { trace: Trace; onClose: () => void }) {
  const before: Record<keyof Values, string> = {
    amount: event.amount ?? '',
    currency: event.currency ?? '',
    volume: event.volume ?? '',
    payout: event.payout ?? '',
  };
  const [after, setAfter] = useState(before);
  const [reason, setReason] = useState('');
  const changed = Object.entries(after).filter(([name, value]) => value !== before[name as keyof Values]);
  const field = (name: keyof Values, label: string, help?: string) => (
    <TextField
      label={label}
      value={after[name]}
      onChange={(value) => setAfter({ ...after, [name]: value })}
      {...(help && { help })}
    />
  );
  const run = async () => {
    await client.POST('/v1/events/{id}/amend', {
      params: { path: { id } },
      body: { ...Object.fromEntries(changed), reason: reason.trim() },
    });
    toast('Kept. The books follow in a moment.');
    await refresh();
  };
  return (
    <Confirm
      title="Amend 1 event"
      confirm="Amend 1 event"
      isReady={changed.some(([, value]) => value !== '') && reason.trim() !== ''}
      run={run}
      onClose={onClose}
    >
      <p>
        It becomes a new version; the one before stays readable. What it earns is worked out again, and the
        affiliate is told of the difference.
      </p>
      {field('amount', 'Amount', 'A value that is taken away is left as it was.')}
      {event.currency === undefined && field('currency', 'Currency')}
      {field('volume', 'Volume (lots)')}
      {event.payout !== undefined && field('payout', 'Payout')}
      <TextField label="Reason" value={reason} onChange={setReason} help="For whoever looks at the event." />
    </Confirm>
  );
}
