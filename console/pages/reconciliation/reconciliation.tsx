// Reconciliation: the operator's own list of transactions beside what is kept, and each difference.
import { useState, type FormEvent } from 'react';
import { formatCount } from '../../format/money.ts';
import { plain, type Tone } from '../../format/words.ts';
import { Button } from '../../parts/button.tsx';
import { FileField, SelectField, TimeField } from '../../parts/form.tsx';
import { Empty, Failure, PageFrame, Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Badge, Id, Money } from '../../parts/values.tsx';
import { client } from '../../wire/client.ts';
import type { Posted } from '../../wire/types.ts';

type Outcome = Posted<'/v1/reconciliations'>;
type Total = Outcome['totals'][number];
type Difference = Outcome['results'][number];
type Sum = { amount: string | null; currency: string | null } | null;

/** What is shown at once; a file of the API has all. */
const SHOWN = 200;

export function Page() {
  const [file, setFile] = useState<File | null>(null);
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [isRunning, setRunning] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [error, setError] = useState<unknown>(null);
  const run = async () => {
    setRunning(true);
    setError(null);
    try {
      const { data } = await client.POST('/v1/reconciliations', {
        params: { query: { ...(from && { from }), ...(to && { to }) } },
        body: await file!.text(),
        bodySerializer: (text) => text,
        headers: { 'content-type': 'text/csv' },
      });
      setOutcome(data!);
    } catch (failure) {
      setError(failure);
    } finally {
      setRunning(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run();
  };
  return (
    <PageFrame
      title="Reconciliation"
      about="Your own list of transactions beside what is kept here. Nothing is stored, and nothing is posted."
    >
      <Panel title="Your list">
        <form className="stack" onSubmit={submit}>
          <FileField
            label="File"
            accept=".csv,text/csv"
            onChange={setFile}
            help="CSV with the column transaction_id, and if you like event, amount, currency, commission."
          />
          <TimeField
            label="From"
            value={from}
            onChange={setFrom}
            help="With a range of time, what your list lacks is told too."
          />
          <TimeField label="To" value={to} onChange={setTo} help="Empty: now." />
          <div>
            <Button kind="primary" submit disabled={file === null || isRunning}>
              {isRunning ? 'Comparing…' : 'Compare'}
            </Button>
          </div>
        </form>
        {error !== null && <Failure error={error} />}
      </Panel>
      {outcome && <Found outcome={outcome} />}
    </PageFrame>
  );
}

const TOTALS: readonly Column<Total>[] = [
  { title: 'Result', cell: ({ reason }) => <Reason of={reason} /> },
  { title: 'Rows', end: true, cell: ({ count }) => formatCount(count) },
  {
    title: 'Here',
    end: true,
    cell: ({ amount_here: amount = null, currency }) => amountOf({ amount, currency }),
  },
  {
    title: 'There',
    end: true,
    cell: ({ amount_there: amount = null, currency }) => amountOf({ amount, currency }),
  },
];

const COLUMNS: readonly Column<Difference>[] = [
  { title: 'Row', end: true, cell: ({ row }) => row ?? '–' },
  { title: 'Transaction', cell: ({ transaction_id: id }) => <span className="break">{id ?? '–'}</span> },
  { title: 'Result', cell: ({ reason }) => <Reason of={reason} /> },
  { title: 'Here', end: true, cell: ({ here }) => amountOf(here) },
  { title: 'There', end: true, cell: ({ there }) => amountOf(there) },
  { title: 'Event', cell: ({ event_id: id }) => (id ? <Id id={id} /> : '–') },
];

function amountOf(sum: Sum) {
  if (sum?.amount == null) return '–';
  return sum.currency === null ? sum.amount : <Money amount={sum.amount} currency={sum.currency} />;
}

function Reason({ of }: { of: string }) {
  const tone: Tone = of === 'match' ? 'good' : of === 'not_settled' ? 'info' : 'warn';
  return <Badge tone={tone}>{plain(of)}</Badge>;
}

function Found({ outcome: { totals, results, truncated } }: { outcome: Outcome }) {
  const [reason, choose] = useState('');
  const differing = results.filter((one) => (reason === '' ? one.reason !== 'match' : one.reason === reason));
  const reasons = [...new Set(results.map((one) => one.reason))];
  return (
    <>
      <Panel title="Totals" bare>
        <Table
          caption="Totals"
          columns={TOTALS}
          rows={totals}
          keyOf={({ reason: of, currency }) => `${of} ${currency}`}
          empty={<Empty title="The list has no row." />}
        />
      </Panel>
      <Panel
        title="Differences"
        about={
          truncated
            ? 'More events may be missing in the list than are told.'
            : differing.length > SHOWN && `The first ${SHOWN} of ${formatCount(differing.length)}.`
        }
        bare
      >
        <div className="panel-body">
          <SelectField
            label="Result"
            value={reason}
            onChange={choose}
            options={[['', 'All that differ'], ...reasons.map((one) => [one, plain(one)] as const)]}
          />
        </div>
        <Table
          caption="Differences"
          columns={COLUMNS}
          rows={differing.slice(0, SHOWN)}
          keyOf={({ row, event_id: id, reason: of }) => `${row} ${id} ${of}`}
          empty={<Empty title="Nothing differs.">Every row is kept here as you have it.</Empty>}
        />
      </Panel>
    </>
  );
}
