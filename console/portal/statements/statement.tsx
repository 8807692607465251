// One statement, on the screen and on paper: opening, lines, closing.
import type { UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useParams, useSearchParams } from 'wouter';
import { counted, formatCount, withAmounts } from '../../format/money.ts';
import { plain } from '../../format/words.ts';
import { Button } from '../../parts/button.tsx';
import { Download } from '../../parts/download.tsx';
import { Empty, Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Badge, Id, Money, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { download, pathWith } from '../../wire/download.ts';
import { useSession } from '../../wire/session.ts';
import type { Answer } from '../../wire/types.ts';
import { useAffiliate } from '../own.ts';

type Statement = Answer<'/v1/statements/{id}'>;
type Line = Statement['lines'][number];

/** More are in the file. */
const SHOWN_AT_FIRST = 500;

export function Page() {
  const { id } = useParams<{ id: string }>();
  return id === 'current' ? <OfOpenMonth /> : <OfClosedMonth id={id} />;
}

function OfClosedMonth({ id }: { id: string }) {
  const query = api.useQuery('get', '/v1/statements/{id}', { params: { path: { id } } });
  return <Paper query={query} path={`/v1/statements/${id}`} />;
}

function OfOpenMonth() {
  const { id } = useAffiliate();
  const [search] = useSearchParams();
  const currency = search.get('currency');
  const asked = currency === null ? {} : { currency };
  const query = api.useQuery('get', '/v1/affiliates/{id}/statements/current', {
    params: { path: { id }, query: asked },
  });
  return <Paper query={query} path={pathWith(`/v1/affiliates/${id}/statements/current`, asked)} />;
}

function Paper({ query, path }: { query: UseQueryResult<Statement, unknown>; path: string }) {
  const { name } = useAffiliate();
  const operator = useSession().data?.operator?.name ?? '';
  const { data } = query;
  const file = `statement-${data?.period}-${data?.currency}.csv`;
  return (
    <PageFrame
      title={data ? `Statement ${data.period}, ${data.currency}` : 'Statement'}
      crumb={<Link href="/statements">Statements</Link>}
      about={`${operator} to ${name}`}
      actions={
        data && (
          <>
            <Download label="CSV" run={() => download({ path, accept: 'text/csv', name: file })} />
            <Button onClick={() => window.print()}>Print</Button>
          </>
        )
      }
    >
      <Loaded query={query} of="the statement">
        {(statement) => <Body of={statement} />}
      </Loaded>
    </PageFrame>
  );
}

const PARTS = ['pending', 'payable', 'in_payout', 'debt', 'owed'] as const;
type PartRow = { part: (typeof PARTS)[number]; opening: string; closing: string; currency: string };

const PART_COLUMNS: readonly Column<PartRow>[] = [
  {
    title: 'Part',
    cell: ({ part }) =>
      part === 'owed' ? <strong>owed to you</strong> : part === 'debt' ? 'less debt' : plain(part),
  },
  {
    title: 'Before',
    end: true,
    cell: ({ opening, currency }) => <Money amount={opening} currency={currency} />,
  },
  {
    title: 'After',
    end: true,
    cell: ({ closing, currency }) => <Money amount={closing} currency={currency} />,
  },
];

function lineColumns(currency: string): readonly Column<Line>[] {
  return [
    { title: 'Posted', cell: ({ posted_at: at }) => <span className="nowrap">{at.slice(0, 10)}</span> },
    {
      title: 'What',
      cell: ({ description, formula, reason, late, origin_period: origin }) => (
        <>
          {description} {late && <Badge tone="off">about {origin}</Badge>}
          {formula && <div className="muted small break">{withAmounts(formula)}</div>}
          {reason && <div className="muted small break">{plain(reason)}</div>}
        </>
      ),
    },
    {
      title: 'Event',
      cell: ({ event_id: id, event, transaction_id: transaction }) =>
        id === null ? (
          '–'
        ) : (
          <>
            {event && plain(event)} {transaction && <span className="break">{transaction}</span>}
            <div className="small">
              <Id id={id} />
            </div>
          </>
        ),
    },
    {
      title: 'Moved',
      cell: ({ moved, from, to }) => (
        <span className="small">
          <Money amount={moved} currency={currency} />, {plain(from)} → {plain(to)}
        </span>
      ),
    },
    {
      title: 'Changes what is owed by',
      end: true,
      cell: ({ amount }) => <Money amount={amount} currency={currency} />,
    },
  ];
}

function Body({ of: statement }: { of: Statement }) {
  const [isWhole, showWhole] = useState(false);
  const { currency, opening, closing, lines, lines_count: count, status, created_at: at } = statement;
  const shown = isWhole ? lines : lines.slice(0, SHOWN_AT_FIRST);
  return (
    <>
      <Panel
        title="Sums"
        about={
          status === 'preliminary' ? (
            'Preliminary: the month is open, and more may come.'
          ) : (
            <>
              Final since <Time at={at} />.
            </>
          )
        }
        bare
      >
        <Table
          caption="Sums"
          columns={PART_COLUMNS}
          rows={PARTS.map((part) => ({ part, opening: opening[part], closing: closing[part], currency }))}
          keyOf={({ part }) => part}
          empty={null}
        />
      </Panel>
      <Panel title="Lines" about={counted(count, 'transfer')} bare>
        <Table
          caption="Lines"
          columns={lineColumns(currency)}
          rows={shown}
          keyOf={({ transfer_id: id }) => id}
          empty={<Empty title="Nothing was booked in this month." />}
        />
        {shown.length < lines.length && (
          <div className="panel-body">
            <Button onClick={() => showWhole(true)}>Show all {formatCount(lines.length)}</Button>
          </div>
        )}
      </Panel>
    </>
  );
}
