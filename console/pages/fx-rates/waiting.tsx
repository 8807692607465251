// Events that wait for an exchange rate, by pair, each with the way to enter it.
import { Link } from 'wouter';
import { counted } from '../../format/money.ts';
import { Loaded, Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Money } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import type { Answer } from '../../wire/types.ts';
import { formFor } from './wanted.ts';

type Group = Answer<'/v1/set-aside'>['data'][number];
type Waiting = Group & { missing_rate: { base: string; quote: string } };

const LIVE_MS = 5000;

const COLUMNS: readonly Column<Waiting>[] = [
  { title: 'Pair', cell: ({ missing_rate: { base, quote } }) => `${base} → ${quote}` },
  { title: 'Waits', cell: ({ count }) => <Link href="/set-aside">{counted(count, 'event')}</Link> },
  {
    title: 'Of',
    end: true,
    cell: ({ amount, currency }) =>
      amount === null || currency === null ? '–' : <Money amount={amount} currency={currency} />,
  },
  {
    title: 'Of the days',
    cell: ({ first_day: first, last_day: last }) => (first === last ? first : `${first} to ${last}`),
  },
];

const ENTER: Column<Waiting> = {
  title: 'Actions',
  hidden: true,
  end: true,
  cell: ({ missing_rate: { base, quote }, first_day: day }) => (
    <Link className="button" href={formFor({ base, quote, day })}>
      Enter {base} → {quote}…
    </Link>
  ),
};

/** Nothing where no event waits. */
export function WaitingForRates() {
  const mayManage = useMay('manage');
  const query = api.useQuery('get', '/v1/set-aside', {}, { refetchInterval: LIVE_MS });
  return (
    <Loaded query={query} of="what waits">
      {({ data }) => {
        const rows = data.filter((group): group is Waiting => group.missing_rate !== null);
        return (
          rows.length > 0 && (
            <Panel
              title="Waits for a rate"
              about="Each is settled by itself as soon as there is a rate of its day, or of up to 31 days before."
              bare
            >
              <Table
                caption="Waits for a rate"
                columns={mayManage ? [...COLUMNS, ENTER] : COLUMNS}
                rows={rows}
                keyOf={({ missing_rate: { base, quote }, currency }) => `${base} ${quote} ${currency}`}
                empty={null}
              />
            </Panel>
          )
        );
      }}
    </Loaded>
  );
}
