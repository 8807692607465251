// The transfers of a trace: one row of the ledger each, with its two accounts.
import { plain } from '../../format/words.ts';
import { Empty, Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Id, Money, Month, Time } from '../../parts/values.tsx';
import type { Transfer } from './trace-types.ts';

const COLUMNS: readonly Column<Transfer>[] = [
  { title: 'Transfer', cell: ({ id }) => <Id id={id} /> },
  { title: 'Kind', cell: ({ code, reason }) => <span title={reason ?? undefined}>{plain(code)}</span> },
  {
    title: 'Amount',
    end: true,
    cell: ({ amount, currency }) => <Money amount={amount} currency={currency} />,
  },
  { title: 'Debit', cell: ({ debit_account: account }) => <Account name={account} /> },
  { title: 'Credit', cell: ({ credit_account: account }) => <Account name={account} /> },
  { title: 'Commission', cell: ({ commission_id: id }) => (id ? <Id id={id} /> : '–') },
  { title: 'Posted', cell: ({ posted_at: at }) => <Time at={at} /> },
  {
    title: 'Month',
    cell: ({ period, origin_period: origin }) => (
      <>
        <Month of={period} />
        {origin !== period && (
          <div className="small">
            about <Month of={origin} />
          </div>
        )}
      </>
    ),
  },
];

/** An account: its kind, and whose it is. */
function Account({ name }: { name: string }) {
  const [kind = '', owner] = name.split('/');
  return (
    <>
      {plain(kind)} {owner && <Id id={owner} />}
    </>
  );
}

export function Transfers({ transfers }: { transfers: readonly Transfer[] }) {
  return (
    <Panel title="4 · Ledger" bare>
      <Table
        caption="Transfers"
        columns={COLUMNS}
        rows={transfers}
        keyOf={({ id }) => id}
        empty={<Empty title="Nothing was posted." />}
      />
    </Panel>
  );
}
