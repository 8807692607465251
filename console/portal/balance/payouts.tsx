// Payouts of the affiliate, with what each state means.
import { isZero } from '../../format/money.ts';
import { Empty, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Money, State, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import type { RowOf } from '../../wire/types.ts';

type Payout = RowOf<'/v1/payouts'>;

const MEANING: Readonly<Record<Payout['state'], string>> = {
  reserved: 'on its way to the bank',
  paid: 'the bank confirmed it',
  failed: 'it did not arrive; the money is payable again',
  returned: 'the bank sent it back; the money is payable again',
};

const COLUMNS: readonly Column<Payout>[] = [
  { title: 'Made', cell: ({ created_at: at }) => <Time at={at} /> },
  {
    title: 'Amount',
    end: true,
    cell: ({ amount, currency, recovered }) => (
      <>
        <Money amount={amount} currency={currency} />
        {!isZero(recovered) && (
          <div className="muted small">
            after <Money amount={recovered} currency={currency} /> that was owed
          </div>
        )}
      </>
    ),
  },
  {
    title: 'State',
    cell: ({ state }) => (
      <>
        <State of={state} />
        <div className="muted small">{MEANING[state]}</div>
      </>
    ),
  },
  {
    title: 'Reference',
    cell: ({ external_reference: text }) => <span className="break">{text ?? '–'}</span>,
  },
];

export function Payouts() {
  const pages = api.useInfiniteQuery('get', '/v1/payouts', { params: { query: { limit: 10 } } }, paged);
  return (
    <Panel title="Payouts" bare>
      <List
        caption="Payouts"
        one="payout"
        pages={pages}
        columns={COLUMNS}
        empty={
          <Empty title="No payout yet.">
            The operator makes payouts of what is payable, as a rule once a month.
          </Empty>
        }
      />
    </Panel>
  );
}
