// One statement, as it is printed: the opening, each line with its reason and formula, the closing.
import { Link, useParams } from 'wouter';
import { counted, withAmounts } from '../../format/money.ts';
import { plain } from '../../format/words.ts';
import { Button } from '../../parts/button.tsx';
import { Download } from '../../parts/download.tsx';
import { Empty, Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Badge, Facts, Id, Money } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { download } from '../../wire/download.ts';
import { useSession } from '../../wire/session.ts';
import type { Answer } from '../../wire/types.ts';

export type Whole = Answer<'/v1/statements/{id}'>;
type Line = Whole['lines'][number];

export function Page() {
  const { id } = useParams<{ id: string }>();
  const query = api.useQuery('get', '/v1/statements/{id}', { params: { path: { id } } });
  return (
    <Loaded query={query} of="the statement">
      {(statement) => <Statement of={statement} path={`/v1/statements/${id}`} />}
    </Loaded>
  );
}

/** `path`: where the API has it. */
export function Statement({ of: statement, path }: { of: Whole; path: string }) {
  const { period, currency, status, affiliate_id: affiliateId, lines, opening, closing } = statement;
  const affiliate = api.useQuery('get', '/v1/affiliates/{id}', { params: { path: { id: affiliateId } } });
  const operator = useSession().data?.operator?.name;
  const name = affiliate.data?.name ?? 'the affiliate';
  const file = { path, accept: 'text/csv', name: `statement-${period}-${currency}.csv` } as const;
  return (
    <PageFrame
      title={`Statement ${period}, ${currency}`}
      crumb={<Link href={`/affiliates/${affiliateId}?tab=statements`}>Statements of {name}</Link>}
      about={[operator && `From ${operator}`, `to ${name}`].filter(Boolean).join(' ')}
      actions={
        <>
          <Download label="CSV" run={() => download(file)} />
          <Button kind="primary" onClick={() => window.print()}>
            Print…
          </Button>
        </>
      }
    >
      <Panel
        title="In sum"
        about={
          status === 'preliminary'
            ? 'The month is open: this changes until it is closed.'
            : `Closed ${statement.created_at?.slice(0, 10) ?? ''}; it changes no more.`
        }
        actions={<Badge tone={status === 'final' ? 'good' : 'warn'}>{status}</Badge>}
      >
        <Facts
          of={[
            [
              'Affiliate',
              affiliate.data
                ? `${name}${affiliate.data.external_id ? ` (${affiliate.data.external_id})` : ''}`
                : name,
            ],
            ['Tax number', affiliate.data?.tax_id],
            ['Country', affiliate.data?.country],
            ['Owed before', <Money key="before" amount={opening.owed} currency={currency} />],
            ['Owed after', <Money key="after" amount={closing.owed} currency={currency} />],
            ['Of which pending', <Money key="pending" amount={closing.pending} currency={currency} />],
            ['payable', <Money key="payable" amount={closing.payable} currency={currency} />],
            ['in payout', <Money key="payout" amount={closing.in_payout} currency={currency} />],
            ['less debt', <Money key="debt" amount={closing.debt} currency={currency} />],
            ['Statement', statement.id && <Id key="id" id={statement.id} />],
          ]}
        />
      </Panel>
      <Panel title="Lines" about={counted(lines.length, 'line')} bare>
        <Table
          caption="Lines"
          columns={columns(currency)}
          rows={lines}
          keyOf={({ transfer_id: id }) => id}
          empty={<Empty title="Nothing moved in this month." />}
        />
      </Panel>
    </PageFrame>
  );
}

const columns = (currency: string): readonly Column<Line>[] => [
  {
    title: 'Day',
    cell: ({ occurred_at: occurred, posted_at: posted }) => (
      <span className="nowrap" title={`occurred ${occurred}, posted ${posted}`}>
        {occurred.slice(0, 10)}
      </span>
    ),
  },
  {
    title: 'What',
    cell: ({ description, event, transaction_id: transaction, reason, late, origin_period: origin }) => (
      <>
        {description}
        {event && (
          <div className="muted small break">
            {plain(event)} {transaction}
          </div>
        )}
        {reason && <div className="muted small break">{plain(reason)}</div>}
        {late && <div className="muted small">about {origin}</div>}
      </>
    ),
  },
  {
    title: 'Formula',
    cell: ({ formula }) => <span className="small break">{withAmounts(formula ?? '–')}</span>,
  },
  {
    title: 'Moved',
    end: true,
    cell: ({ transfer_id: id, moved, from, to }) => (
      <>
        <Link href={`/transfers/${id}`}>
          <Money amount={moved} currency={currency} />
        </Link>
        <div className="muted small">
          {plain(from)} → {plain(to)}
        </div>
      </>
    ),
  },
  {
    title: 'Changes what is owed',
    end: true,
    cell: ({ amount }) => <Money amount={amount} currency={currency} />,
  },
  {
    title: 'Event',
    cell: ({ event_id: id }) => (id === null ? '–' : <Id id={id} />),
  },
];
