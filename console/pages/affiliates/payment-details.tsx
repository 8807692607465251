// How an affiliate is paid: its account, masked, and a form for another one. What was entered is
// sealed, and only the files of a payout run show it whole.
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { SelectField, TextField } from '../../parts/form.tsx';
import { Empty, Loaded, Panel } from '../../parts/layout.tsx';
import { Facts, Id, Time } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import type { Affiliate } from './affiliate-types.ts';

type Method = 'bank' | 'other';

export function PaymentDetails({ affiliate }: { affiliate: Affiliate }) {
  const { id, has_payment_details: hasDetails } = affiliate;
  const [asked, ask] = useState<'set' | 'forget' | null>(null);
  const mayManage = useMay('manage');
  const actions = mayManage && (
    <>
      <Button onClick={() => ask('set')}>{hasDetails ? 'Replace…' : 'Add…'}</Button>
      {hasDetails && (
        <Button kind="danger" onClick={() => ask('forget')}>
          Forget…
        </Button>
      )}
    </>
  );
  return (
    <Panel title="Payment details" about="Kept encrypted; shown masked." actions={actions}>
      {hasDetails ? (
        <Known id={id} />
      ) : (
        <Empty title="How it is paid is not known.">
          Payout runs leave it out, unless they are told to pay without details.
        </Empty>
      )}
      {asked === 'set' && <SetDialog id={id} onClose={() => ask(null)} />}
      {asked === 'forget' && <ForgetDialog id={id} onClose={() => ask(null)} />}
    </Panel>
  );
}

function Known({ id }: { id: string }) {
  const query = api.useQuery('get', '/v1/affiliates/{id}/payment-details', { params: { path: { id } } });
  return (
    <Loaded query={query} of="payment details">
      {(details) => (
        <Facts
          of={[
            ['Way', details.method === 'bank' ? 'bank account' : details.kind],
            ['Holder', details.holder],
            ['IBAN', details.iban],
            ['BIC', details.bic],
            ['Account', details.account],
            ['Changed', <Time key="at" at={details.updated_at} />],
            ['By the key', <Id key="by" id={details.updated_by} />],
          ]}
        />
      )}
    </Loaded>
  );
}

type DialogProps = { id: string; onClose: () => void };

function SetDialog({ id, onClose }: DialogProps) {
  const [method, setMethod] = useState<Method>('bank');
  const [holder, setHolder] = useState('');
  const [iban, setIban] = useState('');
  const [bic, setBic] = useState('');
  const [kind, setKind] = useState('');
  const [account, setAccount] = useState('');
  const isFilled = holder !== '' && (method === 'bank' ? iban !== '' : kind !== '' && account !== '');
  const run = async () => {
    await client.PUT('/v1/affiliates/{id}/payment-details', {
      params: { path: { id } },
      body:
        method === 'bank' ? { method, holder, iban, ...(bic && { bic }) } : { method, holder, kind, account },
    });
    await refresh();
  };
  return (
    <Confirm
      title="Payment details"
      confirm="Replace the payment details"
      isReady={isFilled}
      run={run}
      onClose={onClose}
    >
      <SelectField
        label="Way"
        value={method}
        onChange={setMethod}
        options={[
          ['bank', 'Bank account'],
          ['other', 'Another: an e-wallet, an address of a chain'],
        ]}
      />
      <TextField label="Holder" value={holder} onChange={setHolder} />
      {method === 'bank' ? (
        <>
          <TextField label="IBAN" value={iban} onChange={setIban} hint="DE89 3704 0044 0532 0130 00" />
          <TextField label="BIC" value={bic} onChange={setBic} help="May be left out." />
        </>
      ) : (
        <>
          <TextField label="Kind" value={kind} onChange={setKind} hint="USDT on Tron" />
          <TextField label="Account" value={account} onChange={setAccount} />
        </>
      )}
    </Confirm>
  );
}

function ForgetDialog({ id, onClose }: DialogProps) {
  const run = async () => {
    await client.DELETE('/v1/affiliates/{id}/payment-details', { params: { path: { id } } });
    await refresh('/v1/affiliates/{id}');
  };
  return (
    <Confirm
      title="Forget payment details"
      confirm="Forget 1 account"
      kind="danger"
      run={run}
      onClose={onClose}
    >
      <p>Payout runs leave the affiliate out until it has new ones.</p>
    </Confirm>
  );
}
