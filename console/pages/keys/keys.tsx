// API keys: what each may do and when it was last used; a new one, shown once; and revoking.
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { toast } from '../../parts/toasts.tsx';
import { Badge, Id, Time } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import type { RowOf } from '../../wire/types.ts';
import { NewKey } from './new-key.tsx';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';

type Key = RowOf<'/v1/api-keys'>;

const COLUMNS: readonly Column<Key>[] = [
  {
    title: 'Key',
    cell: ({ name, hint }) => (
      <>
        <span className="break">{name}</span>
        <div className="muted small mono">{hint}…</div>
      </>
    ),
  },
  { title: 'May', cell: ({ scopes }) => scopes.join(', ') },
  {
    title: 'For',
    cell: ({ affiliate_id: id }) => (id === null ? 'all of the operator’s' : <AffiliateLink id={id} />),
  },
  {
    title: 'Ends',
    cell: ({ expires_at: at }) =>
      at !== null && Date.parse(at) <= Date.now() ? (
        <Badge tone="off">ended</Badge>
      ) : (
        <Time at={at} none="without an end" />
      ),
  },
  { title: 'Last used', cell: ({ last_used_at: at }) => <Time at={at} none="never" /> },
  { title: 'Made', cell: ({ created_at: at }) => <Time at={at} /> },
  { title: 'Id', cell: ({ id }) => <Id id={id} /> },
];

export function Page() {
  const [asked, ask] = useState<'new' | Key | null>(null);
  const mayManage = useMay('manage');
  const close = () => ask(null);
  return (
    <PageFrame
      title="API keys"
      about="For your systems and people, and for affiliates. A key is shown once, when it is made."
      actions={
        mayManage && (
          <Button kind="primary" onClick={() => ask('new')}>
            New key…
          </Button>
        )
      }
    >
      <Panel title="API keys" bare>
        {mayManage ? (
          <Keys ask={ask} />
        ) : (
          <Empty title="This key may not list keys.">Sign in with one that has the scope manage.</Empty>
        )}
      </Panel>
      {asked === 'new' && <NewKey onClose={close} />}
      {asked !== null && asked !== 'new' && <RevokeDialog apiKey={asked} onClose={close} />}
    </PageFrame>
  );
}

function Keys({ ask }: { ask: (key: Key) => void }) {
  const pages = api.useInfiniteQuery('get', '/v1/api-keys', { params: { query: { limit: 50 } } }, paged);
  return (
    <List
      caption="API keys"
      one="key"
      pages={pages}
      columns={[...COLUMNS, actions(ask)]}
      empty={<Empty title="There is no key." />}
    />
  );
}

const actions = (ask: (key: Key) => void): Column<Key> => ({
  title: 'Actions',
  hidden: true,
  end: true,
  cell: (key) => (
    <Button kind="danger" aria-label={`Revoke ${key.name}`} onClick={() => ask(key)}>
      Revoke…
    </Button>
  ),
});

function RevokeDialog({
  apiKey: { id, name, last_used_at: used },
  onClose,
}: {
  apiKey: Key;
  onClose: () => void;
}) {
  const run = async () => {
    await client.DELETE('/v1/api-keys/{id}', { params: { path: { id } } });
    await refresh();
    toast(`${name} is revoked.`);
  };
  return (
    <Confirm title={`Revoke ${name}`} confirm="Revoke 1 key" kind="danger" run={run} onClose={onClose}>
      <p>
        Requests with it are refused from now on, and sessions and portal links that it opened end. This
        cannot be taken back.
      </p>
      <p>
        It was last used: <Time at={used} none="never" />.
      </p>
    </Confirm>
  );
}
