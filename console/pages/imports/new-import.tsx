// A new import: a CSV file of events, or a dry run of it.
import { useState } from 'react';
import { useLocation } from 'wouter';
import { Confirm } from '../../parts/dialog.tsx';
import { Choice, FileField } from '../../parts/form.tsx';
import { client, refresh } from '../../wire/client.ts';
import { newIdempotencyKey } from '../../wire/idempotency.ts';

const COLUMNS = 'event, transaction_id, click_id, customer_id, amount, currency, occurred_at, reference';

export function NewImport({ onClose }: { onClose: () => void }) {
  const [, navigate] = useLocation();
  const [file, setFile] = useState<File | null>(null);
  const [isDryRun, setDryRun] = useState(true);
  // One key for one content: what is sent again is not taken in again.
  const [key, setKey] = useState(newIdempotencyKey);
  const changing =
    <Value,>(set: (value: Value) => void) =>
    (value: Value) => {
      set(value);
      setKey(newIdempotencyKey());
    };
  const run = async () => {
    const { data } = await client.POST('/v1/imports', {
      params: { query: { dry_run: isDryRun ? 'true' : 'false' }, header: { 'idempotency-key': key } },
      // The browser reads it while it is sent.
      body: file as never,
      bodySerializer: (whole) => whole,
      headers: { 'content-type': 'text/csv' },
    });
    await refresh();
    navigate(`/imports/${data!.id}`);
  };
  return (
    <Confirm
      title="New import"
      confirm={file === null ? 'Send 1 file' : `${isDryRun ? 'Try' : 'Take in'} ${file.name}`}
      isReady={file !== null}
      run={run}
      onClose={onClose}
    >
      <p>
        CSV in UTF-8 with a header row, up to 50 MiB and a million lines. Columns, in any order:{' '}
        <code className="break">{COLUMNS}</code> and all other fields of an event; only <code>event</code>{' '}
        must be there.
      </p>
      <FileField label="File" accept=".csv,text/csv" onChange={changing(setFile)} />
      <Choice
        label="Dry run"
        isChosen={isDryRun}
        onChange={changing(setDryRun)}
        help="Says what would be refused, and takes nothing in."
      />
      {!isDryRun && (
        <p className="notice" data-tone="warn">
          Events that are taken in earn commissions and send postbacks. They can be voided one by one, not all
          at once.
        </p>
      )}
    </Confirm>
  );
}
