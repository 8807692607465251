// Operators, for the administrator: their list, a new one with its first key, and a key for one
// that lost its own.
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { FilterBar, TextFilter, useFilters } from '../../parts/filters.tsx';
import { TextField, TimeField } from '../../parts/form.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import { ShownOnce } from '../../parts/shown-once.tsx';
import type { Column } from '../../parts/table.tsx';
import { Id, Time } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import type { RowOf } from '../../wire/types.ts';

type Operator = RowOf<'/v1/operators'>;

const COLUMNS: readonly Column<Operator>[] = [
  { title: 'Operator', cell: ({ name }) => <span className="break">{name}</span> },
  { title: 'Currency', cell: ({ currency }) => currency },
  { title: 'Time zone', cell: ({ timezone }) => timezone },
  { title: 'Made', cell: ({ created_at: at }) => <Time at={at} /> },
  { title: 'Id', cell: ({ id }) => <Id id={id} /> },
];

export function Page() {
  const filters = useFilters(['q']);
  const [asked, ask] = useState<'new' | Operator | null>(null);
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/operators',
    { params: { query: { ...filters.values, limit: 50 } } },
    paged,
  );
  const close = () => ask(null);
  return (
    <PageFrame
      title="Operators"
      about="Each has its own affiliates, books and keys, and sees nothing of the others."
      actions={
        <Button kind="primary" onClick={() => ask('new')}>
          New operator…
        </Button>
      }
    >
      <FilterBar filters={filters}>
        <TextFilter filters={filters} name="q" label="Name or id" hint="a part of the name" />
      </FilterBar>
      <Panel title="Operators" bare>
        <List
          caption="Operators"
          one="operator"
          pages={pages}
          columns={[...COLUMNS, actions(ask)]}
          filters={filters}
          empty={<Empty title="There is no operator yet.">Make the first one.</Empty>}
        />
      </Panel>
      {asked === 'new' && <NewOperator onClose={close} />}
      {asked !== null && asked !== 'new' && <NewKey operator={asked} onClose={close} />}
    </PageFrame>
  );
}

const actions = (ask: (operator: Operator) => void): Column<Operator> => ({
  title: 'Actions',
  hidden: true,
  end: true,
  cell: (operator) => (
    <Button aria-label={`Make a key for ${operator.name}`} onClick={() => ask(operator)}>
      Make a key…
    </Button>
  ),
});

function NewOperator({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [currency, setCurrency] = useState('USD');
  const [timezone, setTimezone] = useState('UTC');
  const run = async () => {
    const { data } = await client.POST('/v1/operators', { body: { name: name.trim(), currency, timezone } });
    await refresh();
    return data!.api_key;
  };
  return (
    <Confirm
      title="New operator"
      confirm="Make 1 operator"
      isReady={name.trim() !== '' && currency !== '' && timezone !== ''}
      run={run}
      result={(key) => (
        <ShownOnce what="Its first API key, which may do everything of the operator" secret={key} />
      )}
      onClose={onClose}
    >
      <TextField label="Name" value={name} onChange={setName} />
      <TextField label="Currency" value={currency} onChange={setCurrency} help="Cannot be changed later." />
      <TextField
        label="Time zone"
        value={timezone}
        onChange={setTimezone}
        help="Months begin and end by it, such as Europe/Berlin."
      />
    </Confirm>
  );
}

function NewKey({ operator: { id, name: operator }, onClose }: { operator: Operator; onClose: () => void }) {
  const [name, setName] = useState('made by the administrator');
  const [ends, setEnds] = useState('');
  const run = async () => {
    const { data } = await client.POST('/v1/operators/{id}/api-keys', {
      params: { path: { id } },
      body: {
        name: name.trim(),
        scopes: ['events:write', 'read', 'manage'],
        ...(ends && { expires_at: ends }),
      },
    });
    return data!.api_key;
  };
  return (
    <Confirm
      title={`A key for ${operator}`}
      confirm="Make 1 key"
      isReady={name.trim() !== ''}
      run={run}
      result={(key) => <ShownOnce what="The key" secret={key} />}
      onClose={onClose}
    >
      <p>It may do everything of the operator. Keys that it has go on working.</p>
      <TextField label="Name" value={name} onChange={setName} />
      <TimeField label="Ends" value={ends} onChange={setEnds} help="Empty: without an end." />
    </Confirm>
  );
}
