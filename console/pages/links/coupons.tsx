// Coupons of an affiliate: codes that attribute a customer without a click; a new one, and its end.
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Choice, TextField, TimeField } from '../../parts/form.tsx';
import { Empty, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Id, Time } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import type { RowOf } from '../../wire/types.ts';
import type { Affiliate } from '../affiliates/affiliate-types.ts';

type Coupon = RowOf<'/v1/coupons'>;

const COLUMNS: readonly Column<Coupon>[] = [
  { title: 'Code', cell: ({ code }) => <code className="break">{code}</code> },
  {
    title: 'Effect',
    cell: ({ binds_customer: binds }) =>
      binds ? 'the customer and all that follows' : 'the one event that names it',
  },
  { title: 'From', cell: ({ starts_at: at }) => <Time at={at} none="ever" /> },
  { title: 'Until', cell: ({ ends_at: at }) => <Time at={at} none="without an end" /> },
  { title: 'Made', cell: ({ created_at: at }) => <Time at={at} /> },
  { title: 'Id', cell: ({ id }) => <Id id={id} /> },
];

export function Coupons({ affiliate }: { affiliate: Affiliate }) {
  const [asked, ask] = useState<'new' | Coupon | null>(null);
  const mayManage = useMay('manage');
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/coupons',
    { params: { query: { affiliate_id: affiliate.id, limit: 50 } } },
    paged,
  );
  const close = () => ask(null);
  return (
    <Panel
      title="Coupons"
      about="Codes that attribute a customer without a click."
      actions={
        mayManage && affiliate.state !== 'closed' && <Button onClick={() => ask('new')}>New coupon…</Button>
      }
      bare
    >
      <List
        caption="Coupons"
        one="coupon"
        pages={pages}
        columns={[...COLUMNS, ...(mayManage ? [actions(ask)] : [])]}
        empty={<Empty title="It has no coupon." />}
      />
      {asked === 'new' && <NewCoupon affiliate={affiliate} onClose={close} />}
      {asked !== null && asked !== 'new' && <RemoveDialog coupon={asked} onClose={close} />}
    </Panel>
  );
}

const actions = (ask: (coupon: Coupon) => void): Column<Coupon> => ({
  title: 'Actions',
  hidden: true,
  end: true,
  cell: (coupon) => (
    <Button kind="danger" aria-label={`Remove ${coupon.code}`} onClick={() => ask(coupon)}>
      Remove…
    </Button>
  ),
});

function NewCoupon({ affiliate: { id, name }, onClose }: { affiliate: Affiliate; onClose: () => void }) {
  const [code, setCode] = useState('');
  const [binds, setBinds] = useState(true);
  const [from, setFrom] = useState('');
  const [until, setUntil] = useState('');
  const run = async () => {
    await client.POST('/v1/coupons', {
      body: {
        affiliate_id: id,
        code: code.trim(),
        binds_customer: binds,
        ...(from && { starts_at: from }),
        ...(until && { ends_at: until }),
      },
    });
    await refresh();
  };
  return (
    <Confirm
      title={`New coupon for ${name}`}
      confirm="Add 1 coupon"
      isReady={code.trim() !== ''}
      run={run}
      onClose={onClose}
    >
      <TextField
        label="Code"
        value={code}
        onChange={setCode}
        hint="SPRING26"
        help="Capital letters make no difference. Events that named it before are attributed now."
      />
      <Choice
        label="It binds the customer"
        isChosen={binds}
        onChange={setBinds}
        help="Later events of the customer are the affiliate’s too."
      />
      <TimeField label="From" value={from} onChange={setFrom} help="Empty: ever." />
      <TimeField label="Until" value={until} onChange={setUntil} help="Empty: without an end." />
    </Confirm>
  );
}

function RemoveDialog({ coupon: { id, code }, onClose }: { coupon: Coupon; onClose: () => void }) {
  const run = async () => {
    await client.DELETE('/v1/coupons/{id}', { params: { path: { id } } });
    await refresh();
  };
  return (
    <Confirm title={`Remove ${code}`} confirm="Remove 1 coupon" kind="danger" run={run} onClose={onClose}>
      <p>Events that name it from now on are not attributed by it. Customers whom it bound stay bound.</p>
    </Confirm>
  );
}
