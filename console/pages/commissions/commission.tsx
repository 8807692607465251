// One commission: how it was worked out, where its money is, and what was decided about it.
import { useState } from 'react';
import { Link, useParams } from 'wouter';
import { counted, isZero, withAmounts } from '../../format/money.ts';
import { plain } from '../../format/words.ts';
import { Button } from '../../parts/button.tsx';
import { Empty, Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Facts, Id, Money, State, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import type { Answer } from '../../wire/types.ts';
import { inputFacts } from '../events/commissions.tsx';
import { Transfers } from '../events/transfers.tsx';
import { DecideDialog, type Verb } from './decide.tsx';
import { isApprovable, isRejectable, Standing } from './standing.tsx';

type Whole = Answer<'/v1/commissions/{id}'>;

export function Page() {
  const { id } = useParams<{ id: string }>();
  const query = api.useQuery('get', '/v1/commissions/{id}', { params: { path: { id } } });
  return (
    <PageFrame
      title={query.data ? query.data.label : 'Commission'}
      crumb={<Link href="/commissions">Commissions</Link>}
      actions={query.data && <Actions commission={query.data} />}
    >
      <Loaded query={query} of="the commission">
        {(commission) => (
          <>
            <div className="columns">
              <Panel title="Commission">
                <Summary of={commission} />
              </Panel>
              <Panel title="How it was worked out">
                <Formula of={commission} />
              </Panel>
            </div>
            <Decisions of={commission} />
            <Transfers title="Ledger" transfers={commission.transfers} />
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

function Actions({ commission }: { commission: Whole }) {
  const [verb, ask] = useState<Verb | null>(null);
  const mayManage = useMay('manage');
  if (!mayManage) return <span className="muted small">needs the scope manage</span>;
  return (
    <>
      {isApprovable(commission) && (
        <Button kind="primary" onClick={() => ask('approve')}>
          {commission.rejected_at === null ? 'Approve…' : 'Take the rejection back…'}
        </Button>
      )}
      {isRejectable(commission) && (
        <Button kind="danger" onClick={() => ask('reject')}>
          Reject…
        </Button>
      )}
      {verb && <DecideDialog verb={verb} commissions={[commission]} onClose={() => ask(null)} />}
    </>
  );
}

const PLACES: readonly (readonly [keyof Whole['money'], string])[] = [
  ['pending', 'Pending'],
  ['payable', 'Payable'],
  ['in_payout', 'In payout'],
  ['paid', 'Paid'],
  ['taken_back', 'Taken back'],
];

function Summary({ of: commission }: { of: Whole }) {
  const { currency, money, deal_id: deal } = commission;
  return (
    <Facts
      of={[
        ['Amount', <Money key="amount" amount={commission.amount} currency={currency} />],
        ['State', <Standing key="state" of={commission} />],
        ...PLACES.map(
          ([place, name]) =>
            [
              name,
              isZero(money[place]) ? null : <Money key={place} amount={money[place]} currency={currency} />,
            ] as const,
        ),
        [
          'Affiliate',
          <Link key="affiliate" href={`/affiliates/${commission.affiliate_id}`}>
            {commission.affiliate_name}
          </Link>,
        ],
        [
          'Deal',
          deal && (
            <span key="deal">
              <Id id={deal} /> version {commission.deal_version}
            </span>
          ),
        ],
        ['Month', commission.period],
        [
          'For',
          <Link key="for" href={eventsOf(commission)}>
            {counted(commission.events, 'event')}
          </Link>,
        ],
        ['Booked', <Time key="booked" at={commission.created_at} />],
        ['Id', <Id key="id" id={commission.id} />],
      ]}
    />
  );
}

/** The event that it is for; of several, all of the affiliate's. */
function eventsOf({ affiliate_id: affiliate, events, transfers }: Whole): string {
  const earned = transfers.find(({ code }) => code === 'accrue')?.event_id;
  return events === 1 && earned ? `/events/${earned}` : `/events?affiliate_id=${affiliate}`;
}

function Formula({ of: { formula, inputs } }: { of: Whole }) {
  if (formula === null) return <Empty title="It was booked by hand." />;
  return (
    <>
      <p className="formula">{withAmounts(formula)}</p>
      <Facts of={inputFacts(inputs)} />
    </>
  );
}

type Decision = Whole['decisions'][number];

const COLUMNS = (currency: string): readonly Column<Decision>[] => [
  { title: 'Decision', cell: ({ decision }) => <State of={decision} /> },
  {
    title: 'Amount',
    end: true,
    cell: ({ decision, amount }) =>
      decision === 'reinstated' ? (
        <span className="muted">booked afterwards</span>
      ) : (
        <Money amount={amount} currency={currency} />
      ),
  },
  { title: 'Reason', cell: ({ reason }) => <span className="break">{reason ? plain(reason) : '–'}</span> },
  { title: 'By the key', cell: ({ actor }) => <Id id={actor} /> },
  { title: 'When', cell: ({ decided_at: at }) => <Time at={at} /> },
];

function Decisions({ of: { decisions, currency } }: { of: Whole }) {
  return (
    <Panel title="Decisions" about="Of people; releases by the end of a hold are none." bare>
      <Table
        caption="Decisions"
        columns={COLUMNS(currency)}
        rows={decisions}
        keyOf={({ id }) => id}
        empty={<Empty title="Nobody decided anything about it." />}
      />
    </Panel>
  );
}
