// Transfers as a table: one row of the ledger each, with its two accounts, its cause and where it
// is listed.
import { useContext } from 'react';
import { Link } from 'wouter';
import { placeOf } from '../../format/places.ts';
import { plain } from '../../format/words.ts';
import { Empty, Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Id, Money, Month, Places, Time } from '../../parts/values.tsx';
import type { Transfer } from './trace-types.ts';

export const TRANSFER_COLUMNS: readonly Column<Transfer>[] = [
  { title: 'Transfer', cell: ({ id }) => <Id id={id} /> },
  {
    title: 'Kind',
    cell: ({ code, description, reason }) => <span title={reason ?? code}>{description}</span>,
  },
  {
    title: 'Amount',
    end: true,
    cell: ({ amount, currency }) => <Money amount={amount} currency={currency} />,
  },
  { title: 'Debit', cell: ({ debit_account: account }) => <Account name={account} /> },
  { title: 'Credit', cell: ({ credit_account: account }) => <Account name={account} /> },
  { title: 'About', cell: (transfer) => <Cause of={transfer} /> },
  { title: 'Posted', cell: ({ posted_at: at }) => <Time at={at} /> },
  {
    title: 'Month',
    cell: ({ period, origin_period: origin, statement_id: statement }) => (
      <>
        <Month of={period} />
        {origin !== period && (
          <div className="small">
            about <Month of={origin} />
          </div>
        )}
        {statement && <OnStatement id={statement} />}
      </>
    ),
  },
];

/** The commission that it moves, or the payout or event; an adjustment has none of them. */
function Cause({ of: { commission_id: commission, payout_id: payout, event_id: event } }: { of: Transfer }) {
  const id = commission ?? payout ?? event;
  return id === null ? '–' : <Id id={id} />;
}

function OnStatement({ id }: { id: string }) {
  const place = placeOf(id, useContext(Places));
  return (
    <div className="small">{place === null ? 'on a statement' : <Link href={place}>statement</Link>}</div>
  );
}

/** An account: its kind, and whose it is. */
export function Account({ name }: { name: string }) {
  const [kind = '', owner] = name.split('/');
  return (
    <>
      {plain(kind)} {owner && <Id id={owner} />}
    </>
  );
}

export function Transfers({ transfers, title }: { transfers: readonly Transfer[]; title: string }) {
  return (
    <Panel title={title} bare>
      <Table
        caption="Transfers"
        columns={TRANSFER_COLUMNS}
        rows={transfers}
        keyOf={({ id }) => id}
        empty={<Empty title="Nothing was posted." />}
      />
    </Panel>
  );
}
