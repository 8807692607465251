// The operator's own names of events, each for a standard one.
import { useState } from 'react';
import { plain } from '../../format/words.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { SelectField, TextField } from '../../parts/form.tsx';
import { Empty, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Time } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import type { RowOf } from '../../wire/types.ts';
import { EVENT_TYPES, type EventType } from '../event-types.ts';

type EventName = RowOf<'/v1/event-types'>;

const COLUMNS: readonly Column<EventName>[] = [
  { title: 'Name', cell: ({ name }) => <code className="break">{name}</code> },
  { title: 'Stands for', cell: ({ standard }) => plain(standard) },
  { title: 'Class', cell: ({ class: kind }) => kind },
  { title: 'Added', cell: ({ created_at: at }) => <Time at={at} /> },
];

export function EventNames() {
  const [asked, ask] = useState<'new' | EventName | null>(null);
  const mayManage = useMay('manage');
  const close = () => ask(null);
  const pages = api.useInfiniteQuery('get', '/v1/event-types', { params: { query: { limit: 50 } } }, paged);
  const actions: Column<EventName> = {
    title: 'Actions',
    hidden: true,
    end: true,
    cell: (name) => (
      <Button kind="danger" aria-label={`Remove ${name.name}`} onClick={() => ask(name)}>
        Remove…
      </Button>
    ),
  };
  return (
    <Panel
      title="Own names of events"
      about="What your systems call a standard event."
      actions={mayManage && <Button onClick={() => ask('new')}>New name…</Button>}
      bare
    >
      <List
        caption="Own names of events"
        one="name"
        pages={pages}
        columns={mayManage ? [...COLUMNS, actions] : COLUMNS}
        empty={<Empty title="There is none.">Events are sent by their standard names.</Empty>}
      />
      {asked === 'new' && <NewName onClose={close} />}
      {asked !== null && asked !== 'new' && <RemoveName of={asked} onClose={close} />}
    </Panel>
  );
}

function NewName({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [standard, setStandard] = useState<EventType>('ftd');
  const run = async () => {
    await client.POST('/v1/event-types', { body: { name: name.trim(), standard } });
    await refresh();
  };
  return (
    <Confirm
      title="New name of an event"
      confirm="Add 1 name"
      isReady={name.trim() !== ''}
      run={run}
      onClose={onClose}
    >
      <TextField label="Name" value={name} onChange={setName} hint="first_deposit" />
      <SelectField
        label="Stands for"
        value={standard}
        onChange={setStandard}
        options={EVENT_TYPES.map((one) => [one, plain(one)] as const)}
        help="It is paid, taken back and reported as this one."
      />
    </Confirm>
  );
}

function RemoveName({ of: { name, standard }, onClose }: { of: EventName; onClose: () => void }) {
  const run = async () => {
    await client.DELETE('/v1/event-types/{name}', { params: { path: { name } } });
    await refresh();
  };
  return (
    <Confirm title={`Remove ${name}`} confirm="Remove 1 name" kind="danger" run={run} onClose={onClose}>
      <p>
        Events that are sent as {name} are refused from now on; those that came stay {plain(standard)}.
      </p>
    </Confirm>
  );
}
