// Currencies that the operator uses beside those of ISO 4217.
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/form.tsx';
import { Empty, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Time } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import type { RowOf } from '../../wire/types.ts';

const COLUMNS: readonly Column<RowOf<'/v1/currencies'>>[] = [
  { title: 'Code', cell: ({ code }) => code },
  { title: 'Decimals', end: true, cell: ({ exponent }) => exponent },
  { title: 'Added', cell: ({ created_at: at }) => <Time at={at} /> },
];

export function Currencies() {
  const [isAsked, ask] = useState(false);
  const mayManage = useMay('manage');
  const pages = api.useInfiniteQuery('get', '/v1/currencies', { params: { query: { limit: 50 } } }, paged);
  return (
    <Panel
      title="Own currencies"
      about="Beside those of ISO 4217, which are all known."
      actions={mayManage && <Button onClick={() => ask(true)}>New currency…</Button>}
      bare
    >
      <List
        caption="Own currencies"
        one="currency"
        pages={pages}
        columns={COLUMNS}
        empty={<Empty title="There is none.">One is needed for amounts in USDT, for example.</Empty>}
      />
      {isAsked && <NewCurrency onClose={() => ask(false)} />}
    </Panel>
  );
}

function NewCurrency({ onClose }: { onClose: () => void }) {
  const [code, setCode] = useState('');
  const [exponent, setExponent] = useState('');
  const isDigit = /^\d?$/.test(exponent.trim());
  const run = async () => {
    await client.POST('/v1/currencies', { body: { code: code.trim(), exponent: Number(exponent.trim()) } });
    await refresh();
  };
  return (
    <Confirm
      title="New currency"
      confirm="Add 1 currency"
      isReady={code.trim() !== '' && exponent.trim() !== '' && isDigit}
      run={run}
      onClose={onClose}
    >
      <TextField
        label="Code"
        value={code}
        onChange={setCode}
        hint="USDT"
        help="3 to 10 letters and digits."
      />
      <TextField
        label="Decimals"
        value={exponent}
        onChange={setExponent}
        isWrong={!isDigit}
        hint="6"
        help="0 to 8. It never changes, and a currency is never removed."
      />
    </Confirm>
  );
}
