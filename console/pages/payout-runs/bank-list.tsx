// The bank's list of what it paid, as CSV: confirms or fails payouts, and says what came of each
// line.
import { useState } from 'react';
import { counted, formatCount } from '../../format/money.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { FileField } from '../../parts/form.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Id, State } from '../../parts/values.tsx';
import { client, refresh } from '../../wire/client.ts';
import type { Posted } from '../../wire/types.ts';

type Answer = Posted<'/v1/payout-runs/{id}/confirm'>;
type Line = Answer['results'][number];
type Chosen = { name: string; text: string };

export function BankList({ id, onClose }: { id: string; onClose: () => void }) {
  const [file, setFile] = useState<Chosen | null>(null);
  const send = async () => {
    const { data } = await client.POST('/v1/payout-runs/{id}/confirm', {
      params: { path: { id } },
      body: file!.text,
      bodySerializer: (text) => text,
      headers: { 'content-type': 'text/csv' },
    });
    return data!;
  };
  const run = async () => {
    let answer = await send();
    while (answer.not_yet > 0) answer = await send();
    return answer;
  };
  const choose = async (given: File | null) =>
    setFile(given === null ? null : { name: given.name, text: await given.text() });
  return (
    <Confirm
      title="The bank’s list"
      confirm={file === null ? 'Confirm by the list' : `Confirm by ${file.name}`}
      wide
      isReady={file !== null}
      run={run}
      result={(answer) => <Outcome answer={answer} />}
      onClose={() => {
        onClose();
        void refresh();
      }}
    >
      <p>
        The run’s CSV with accounts, its column <code>status</code> filled in: <code>paid</code> or{' '}
        <code>failed</code>. Or another file in CSV with <code>payout_id</code> (or <code>reference</code>)
        and <code>status</code>; if you like with <code>external_reference</code> and <code>reason</code>.
        Each line is judged alone; lines without a status, and the same list again, change nothing.
      </p>
      <FileField label="File" accept=".csv,text/csv" onChange={(given) => void choose(given)} />
    </Confirm>
  );
}

const COLUMNS: readonly Column<Line>[] = [
  { title: 'Line', end: true, cell: ({ line }) => formatCount(line) },
  {
    title: 'Payout',
    cell: ({ payout_id: id, reference }) =>
      id === null ? <span className="break">{reference ?? '–'}</span> : <Id id={id} />,
  },
  { title: 'State', cell: ({ state }) => (state === null ? '–' : <State of={state} />) },
  {
    title: 'Changed nothing',
    cell: ({ issue }) => issue && <span className="break">{`${issue.path} ${issue.message}`.trim()}</span>,
  },
];

function Outcome({ answer: { results: lines, without_status: blank } }: { answer: Answer }) {
  if (lines.length === 0) return <p role="status">No line has a status: nothing was changed.</p>;
  const refused = lines.filter(({ issue }) => issue !== null).length;
  return (
    <div className="stack" role="status">
      <p>
        {counted(lines.length, 'line')};{' '}
        {refused === 0 ? 'all were taken' : `${formatCount(refused)} changed nothing`}.
        {blank > 0 && ` ${counted(blank, 'more line')} without a status.`}
      </p>
      <Table
        caption="Lines of the list"
        columns={COLUMNS}
        rows={lines}
        keyOf={({ line }) => String(line)}
        empty={null}
      />
    </div>
  );
}
