// Links of an affiliate: where each leads, a new one, and its end.
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/form.tsx';
import { Empty, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { toast } from '../../parts/toasts.tsx';
import { Copy, Id, State, Time } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import type { RowOf } from '../../wire/types.ts';
import type { Affiliate } from '../affiliates/affiliate-types.ts';
import { ChangeLink } from './change-link.tsx';

type Link = RowOf<'/v1/links'>;
type Asked = { verb: 'change' | 'switch'; link: Link };

const COLUMNS: readonly Column<Link>[] = [
  {
    title: 'Link',
    cell: ({ url }) => (
      <span className="row">
        <code className="break">{url}</code>
        <Copy text={url} label={`Copy ${url}`} />
      </span>
    ),
  },
  {
    title: 'Leads to',
    cell: ({ landing_url: url, params }) => (
      <>
        <span className="break">{url}</span>
        {Object.entries(params).map(([name, value]) => (
          <div key={name} className="muted small break">
            {name}={value}
          </div>
        ))}
      </>
    ),
  },
  { title: 'State', cell: ({ state }) => <State of={state} /> },
  { title: 'Made', cell: ({ created_at: at }) => <Time at={at} /> },
  { title: 'Id', cell: ({ id }) => <Id id={id} /> },
];

export function Links({ affiliate }: { affiliate: Affiliate }) {
  const [asked, ask] = useState<'new' | Asked | null>(null);
  const mayManage = useMay('manage');
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/links',
    { params: { query: { affiliate_id: affiliate.id, limit: 50 } } },
    paged,
  );
  const close = () => ask(null);
  return (
    <Panel
      title="Links"
      about="Addresses that it sends visitors to; each click is counted."
      actions={
        mayManage && affiliate.state !== 'closed' && <Button onClick={() => ask('new')}>New link…</Button>
      }
      bare
    >
      <List
        caption="Links"
        one="link"
        pages={pages}
        columns={[...COLUMNS, ...(mayManage ? [actions(ask)] : [])]}
        empty={<Empty title="It has no link yet." />}
      />
      {asked === 'new' && <NewLink affiliate={affiliate} onClose={close} />}
      {asked !== null && asked !== 'new' && asked.verb === 'change' && (
        <ChangeLink link={asked.link} onClose={close} />
      )}
      {asked !== null && asked !== 'new' && asked.verb === 'switch' && (
        <SwitchDialog link={asked.link} onClose={close} />
      )}
    </Panel>
  );
}

const actions = (ask: (asked: Asked) => void): Column<Link> => ({
  title: 'Actions',
  hidden: true,
  end: true,
  cell: (link) => {
    const verb = link.state === 'off' ? 'Switch on' : 'Switch off';
    return (
      <div className="row">
        <Button aria-label={`Change ${link.id}`} onClick={() => ask({ verb: 'change', link })}>
          Change…
        </Button>
        <Button aria-label={`${verb} ${link.id}`} onClick={() => ask({ verb: 'switch', link })}>
          {verb}…
        </Button>
      </div>
    );
  },
});

function NewLink({ affiliate: { id, name }, onClose }: { affiliate: Affiliate; onClose: () => void }) {
  const [landing, setLanding] = useState('');
  const run = async () => {
    const { data } = await client.POST('/v1/links', {
      body: { affiliate_id: id, landing_url: landing.trim() },
    });
    await refresh();
    return data!.url;
  };
  return (
    <Confirm
      title={`New link for ${name}`}
      confirm="Make 1 link"
      isReady={/^https?:\/\/./i.test(landing.trim())}
      run={run}
      result={(url) => (
        <div className="stack" role="status">
          <p>The link for the affiliate:</p>
          <p className="row">
            <code className="break">{url}</code>
            <Copy text={url} label="Copy the link" />
          </p>
        </div>
      )}
      onClose={onClose}
    >
      <TextField
        label="Landing page"
        value={landing}
        onChange={setLanding}
        hint="https://broker.example/welcome"
        help="click_id and the subs are appended. May hold macros such as {click_id} or {sub1}."
      />
    </Confirm>
  );
}

function SwitchDialog({ link: { id, state, url }, onClose }: { link: Link; onClose: () => void }) {
  const isOff = state === 'off';
  const run = async () => {
    await client.PATCH('/v1/links/{id}', {
      params: { path: { id } },
      body: { state: isOff ? 'active' : 'off' },
    });
    await refresh();
    toast(`The link is ${isOff ? 'on' : 'off'}. Visitors notice within ten seconds.`);
  };
  return (
    <Confirm
      title={`Switch ${isOff ? 'on' : 'off'} a link`}
      confirm={`Switch ${isOff ? 'on' : 'off'} 1 link`}
      kind={isOff ? 'primary' : 'danger'}
      run={run}
      onClose={onClose}
    >
      <p className="break">{url}</p>
      <p>
        {isOff
          ? 'It leads visitors to its landing page again, and counts clicks.'
          : 'It leads nowhere, and counts no click. Clicks that it counted keep their effect.'}
      </p>
    </Confirm>
  );
}
