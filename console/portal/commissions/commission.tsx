// One commission: its formula with inputs, where its money is, who decided about it, and the events
// that made it.
import { Link, useParams } from 'wouter';
import { counted, isZero } from '../../format/money.ts';
import { plain } from '../../format/words.ts';
import { Empty, Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Facts, Id, Money, State, Time } from '../../parts/values.tsx';
import { CommissionFacts } from '../../pages/events/commissions.tsx';
import { api } from '../../wire/client.ts';
import type { Answer } from '../../wire/types.ts';
import { Where } from './where.tsx';

type Commission = Answer<'/v1/commissions/{id}'>;
type Transfer = Commission['transfers'][number];

export function Page() {
  const { id } = useParams<{ id: string }>();
  const query = api.useQuery('get', '/v1/commissions/{id}', { params: { path: { id } } });
  return (
    <PageFrame
      title={query.data ? `Commission ${query.data.label}` : 'Commission'}
      crumb={<Link href="/commissions">Commissions</Link>}
    >
      <Loaded query={query} of="the commission">
        {(commission) => (
          <>
            <div className="columns">
              <Panel title="How it was worked out">
                <CommissionFacts commission={commission} />
              </Panel>
              <Panel title="Where the money is" actions={<State of={commission.state} />}>
                <p className="sentence">
                  <Where is={commission} />.
                </p>
                <Parts of={commission} />
              </Panel>
            </div>
            <Decisions of={commission} />
            <Transfers of={commission} />
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

const PARTS = ['pending', 'payable', 'in_payout', 'paid', 'taken_back'] as const;

function Parts({ of: { money, currency } }: { of: Commission }) {
  return (
    <Facts
      of={PARTS.map(
        (part) =>
          [
            plain(part),
            isZero(money[part]) ? null : <Money key={part} amount={money[part]} currency={currency} />,
          ] as const,
      )}
    />
  );
}

function Decisions({ of: { decisions } }: { of: Commission }) {
  if (decisions.length === 0) return null;
  return (
    <Panel title="Decisions">
      <ul className="sentences">
        {decisions.map(({ id, decision, reason, decided_at: at }) => (
          <li key={id}>
            <Time at={at} />: {plain(decision)}
            {reason && `, because: ${reason}`}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** An event of somebody else's customer has no trace here: that of a partner whom one brought. */
function columnsOf({ component }: Commission): readonly Column<Transfer>[] {
  return [
    { title: 'When', cell: ({ posted_at: at }) => <Time at={at} /> },
    {
      title: 'What',
      cell: ({ description, reason }) => (
        <>
          {description}
          {reason && <div className="muted small break">{reason}</div>}
        </>
      ),
    },
    {
      title: 'Amount',
      end: true,
      cell: ({ amount, currency }) => <Money amount={amount} currency={currency} />,
    },
    {
      title: 'Event',
      cell: ({ event_id: id }) =>
        id === null ? '–' : component === 'override' ? 'of a partner’s customer' : <Id id={id} />,
    },
    { title: 'Month', cell: ({ period }) => period },
  ];
}

function Transfers({ of: commission }: { of: Commission }) {
  const { transfers, events } = commission;
  return (
    <Panel
      title="What made it"
      about={`${counted(events, 'event')}; the latest transfers, each with the event that caused it`}
      bare
    >
      <Table
        caption="Transfers"
        columns={columnsOf(commission)}
        rows={transfers}
        keyOf={({ id }) => id}
        empty={<Empty title="Nothing was booked yet." />}
      />
    </Panel>
  );
}
