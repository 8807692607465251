// A new payout run, or a dry run that says what it would pay.
import { useState } from 'react';
import { useLocation } from 'wouter';
import { Confirm } from '../../parts/dialog.tsx';
import { Choice, TextField } from '../../parts/form.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { newIdempotencyKey } from '../../wire/idempotency.ts';

type Given = { isDryRun: boolean; currency?: string; minimum?: string; isOptional?: boolean };

export function NewRun({ given, onClose }: { given: Given; onClose: () => void }) {
  const [, navigate] = useLocation();
  const operator = api.useQuery('get', '/v1/operator', {});
  const [ownCurrency, setCurrency] = useState<string | null>(given.currency ?? null);
  const currency = ownCurrency ?? operator.data?.currency ?? '';
  const [minimum, setMinimum] = useState(given.minimum ?? '');
  const [isOptional, setOptional] = useState(given.isOptional ?? false);
  const [isDryRun, setDryRun] = useState(given.isDryRun);
  // One key for one content: what is sent again is not paid again.
  const [key, setKey] = useState(newIdempotencyKey);
  const changing =
    <Value,>(set: (value: Value) => void) =>
    (value: Value) => {
      set(value);
      setKey(newIdempotencyKey());
    };
  const least = operator.data?.minimum_payouts[currency.toUpperCase()];
  const run = async () => {
    const { data } = await client.POST('/v1/payout-runs', {
      params: { header: { 'idempotency-key': key } },
      body: {
        currency,
        ...(minimum.trim() && { minimum: minimum.trim() }),
        payment_details: isOptional ? 'optional' : 'required',
        dry_run: isDryRun,
      },
    });
    await refresh();
    navigate(`/payout-runs/${data!.id}`);
  };
  return (
    <Confirm
      title={isDryRun ? 'Dry run' : 'Payout run'}
      confirm={isDryRun ? 'Start 1 dry run' : 'Start 1 payout run'}
      isReady={currency !== ''}
      run={run}
      onClose={onClose}
    >
      <p>
        {isDryRun
          ? 'It says what would be paid to whom, and pays nobody.'
          : 'It reserves what is due to each affiliate, once. Nothing leaves your bank by that: you pay by its files, and confirm.'}
      </p>
      <TextField label="Currency" value={currency} onChange={changing(setCurrency)} />
      <TextField
        label="Minimum"
        value={minimum}
        onChange={changing(setMinimum)}
        hint={least ?? '0.00'}
        help={
          least
            ? `Your own minimum of ${least} ${currency} holds as well.`
            : 'Nobody is paid less. May be left out.'
        }
      />
      <Choice
        label="Pay affiliates without payment details too"
        isChosen={isOptional}
        onChange={changing(setOptional)}
      />
      <Choice label="Dry run" isChosen={isDryRun} onChange={changing(setDryRun)} help="Pays nobody." />
    </Confirm>
  );
}
