// Imports of events as a list, and a new one.
import { useState } from 'react';
import { Link } from 'wouter';
import { formatCount } from '../../format/money.ts';
import { Button } from '../../parts/button.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Badge, Id, State, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import type { RowOf } from '../../wire/types.ts';
import { NewImport } from './new-import.tsx';

type Import = RowOf<'/v1/imports'>;

const LIVE_MS = 3000;

const COLUMNS: readonly Column<Import>[] = [
  {
    title: 'Import',
    cell: ({ id, dry_run: isDryRun, total }) => (
      <span className="row">
        <Link href={`/imports/${id}`}>{`${formatCount(total)} ${total === 1 ? 'line' : 'lines'}`}</Link>
        {isDryRun && <Badge tone="off">takes nothing in</Badge>}
      </span>
    ),
  },
  { title: 'State', cell: ({ state }) => <State of={state} /> },
  {
    title: 'Looked at',
    end: true,
    cell: ({ done, total }) => `${formatCount(done)} of ${formatCount(total)}`,
  },
  { title: 'Accepted', end: true, cell: ({ accepted }) => formatCount(accepted) },
  { title: 'There before', end: true, cell: ({ duplicate }) => formatCount(duplicate) },
  {
    title: 'Refused',
    end: true,
    cell: ({ id, refused }) =>
      refused === 0 ? '0' : <Link href={`/imports/${id}?status=refused`}>{formatCount(refused)}</Link>,
  },
  { title: 'Began', cell: ({ created_at: at }) => <Time at={at} /> },
  { title: 'By the key', cell: ({ created_by: key }) => <Id id={key} /> },
];

export function Page() {
  const [isAsked, ask] = useState(false);
  const mayManage = useMay('manage');
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/imports',
    { params: { query: { limit: 50 } } },
    { ...paged, refetchInterval: LIVE_MS },
  );
  return (
    <PageFrame
      title="Imports"
      about="Files of events. Each line is taken in as if it had been sent alone, once, whatever happens meanwhile."
      actions={
        mayManage && (
          <Button kind="primary" onClick={() => ask(true)}>
            New import…
          </Button>
        )
      }
    >
      <Panel title="Imports" bare>
        <List
          caption="Imports"
          one="import"
          pages={pages}
          columns={COLUMNS}
          empty={
            <Empty title="No file was sent yet.">
              A dry run says which lines would be refused, and takes nothing in.
            </Empty>
          }
        />
      </Panel>
      {isAsked && <NewImport onClose={() => ask(false)} />}
    </PageFrame>
  );
}
