// The versions of an amended event: as it was sent, and each amendment.
import { plain } from '../../format/words.ts';
import { Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Money, State, Time } from '../../parts/values.tsx';
import type { Version } from './trace-types.ts';

const COLUMNS: readonly Column<Version>[] = [
  { title: 'Version', cell: ({ number }) => (number === 0 ? 'as sent' : String(number)) },
  {
    title: 'State',
    cell: ({ state, waits_for: missing }) => <State of={state} {...(missing && { note: plain(missing) })} />,
  },
  {
    title: 'Amount',
    end: true,
    cell: ({ amount, currency }) =>
      amount && currency ? <Money amount={amount} currency={currency} /> : '–',
  },
  { title: 'Says', cell: says },
  { title: 'By', cell: ({ amended_by: by }) => by ?? '–' },
  { title: 'Since', cell: ({ since }) => <Time at={since} /> },
  { title: 'Booked', cell: ({ applied_at: at }) => <Time at={at} none="not yet" /> },
];

function says({ voided, rejected, reason, waits_for: missing }: Version) {
  const parts = [
    voided && 'taken out of the books',
    rejected && 'earns nothing',
    reason,
    missing && `waits: ${plain(missing)}`,
  ];
  return parts.filter(Boolean).join('; ') || '–';
}

export function Versions({ versions }: { versions: readonly Version[] }) {
  return (
    <Panel
      title="Versions"
      about="An event is never edited: each amendment is a version, and one is in force."
      bare
    >
      <Table
        caption="Versions"
        columns={COLUMNS}
        rows={versions}
        keyOf={({ number }) => String(number)}
        empty={null}
      />
    </Panel>
  );
}
