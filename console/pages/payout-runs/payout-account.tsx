// The account that payouts are paid from, which files of credit transfers name; shown masked.
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/form.tsx';
import { Empty, Loaded, Panel } from '../../parts/layout.tsx';
import { Facts, Time } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';

export function PayoutAccount() {
  const [isAsked, ask] = useState(false);
  const mayManage = useMay('manage');
  const operator = api.useQuery('get', '/v1/operator', {});
  return (
    <Panel
      title="Account that payouts are paid from"
      about="The debtor of files in ISO 20022 pain.001. Kept encrypted; shown masked."
      actions={mayManage && <Button onClick={() => ask(true)}>Set…</Button>}
    >
      <Loaded query={operator} of="the operator">
        {({ has_payout_account: hasAccount }) =>
          hasAccount ? (
            <Known />
          ) : (
            <Empty title="It is not known.">Files for the bank cannot be made without it; CSV can.</Empty>
          )
        }
      </Loaded>
      {isAsked && <SetDialog onClose={() => ask(false)} />}
    </Panel>
  );
}

function Known() {
  const query = api.useQuery('get', '/v1/operator/payout-account', {});
  return (
    <Loaded query={query} of="the account">
      {({ holder, iban, bic, updated_at: at }) => (
        <Facts
          of={[
            ['Holder', holder],
            ['IBAN', iban],
            ['BIC', bic],
            ['Changed', <Time key="at" at={at} />],
          ]}
        />
      )}
    </Loaded>
  );
}

function SetDialog({ onClose }: { onClose: () => void }) {
  const [holder, setHolder] = useState('');
  const [iban, setIban] = useState('');
  const [bic, setBic] = useState('');
  const run = async () => {
    await client.PUT('/v1/operator/payout-account', { body: { holder, iban, ...(bic && { bic }) } });
    await refresh();
  };
  return (
    <Confirm
      title="Account that payouts are paid from"
      confirm="Replace the account"
      isReady={holder !== '' && iban !== ''}
      run={run}
      onClose={onClose}
    >
      <TextField label="Holder" value={holder} onChange={setHolder} />
      <TextField label="IBAN" value={iban} onChange={setIban} hint="DE89 3704 0044 0532 0130 00" />
      <TextField label="BIC" value={bic} onChange={setBic} help="May be left out." />
    </Confirm>
  );
}
