// The days on which pending money becomes payable.
import { counted, isZero } from '../../format/money.ts';
import { Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Money } from '../../parts/values.tsx';
import type { Upcoming } from './upcoming.ts';

type Day = Upcoming['becomes_payable'][number] & { currency: string };

const COLUMNS: readonly Column<Day>[] = [
  { title: 'Day (UTC)', cell: ({ day }) => day },
  { title: 'Commissions', end: true, cell: ({ commissions }) => counted(commissions, 'commission') },
  {
    title: 'Becomes payable',
    end: true,
    cell: ({ amount, currency }) => <Money amount={amount} currency={currency} />,
  },
];

export function BecomesPayable({ upcoming }: { upcoming: Upcoming }) {
  const { currency, becomes_payable: days, of_older: older } = upcoming;
  return (
    <Panel
      title={`When ${currency} becomes payable`}
      about="As it stands. What is taken back until then does not become payable."
      bare
    >
      {!isZero(older) && (
        <p className="panel-body">
          <Money amount={older} currency={currency} /> of your oldest commissions is not in this table. As a
          rule it becomes payable before these days.
        </p>
      )}
      <Table
        caption={`When ${currency} becomes payable`}
        columns={COLUMNS}
        rows={days.map((day) => ({ ...day, currency }))}
        keyOf={({ day }) => day}
        empty={null}
      />
    </Panel>
  );
}
