// Actions of a person on an affiliate: a link to its portal, changes, and its state.
import { useState } from 'react';
import { Button, type ButtonKind } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField, TimeField } from '../../parts/form.tsx';
import { toast } from '../../parts/toasts.tsx';
import { client, refresh } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import { MEANING, type Affiliate, type AffiliateState } from './affiliate-types.ts';
import { givenOf, ContactFields, contactOf } from './contact.tsx';
import { AffiliateField } from './pick.tsx';
import { PortalLink } from './portal-link.tsx';

type Asked = 'portal' | 'change' | AffiliateState;

/** Which states a person may bring it into. */
const NEXT: Readonly<Record<AffiliateState, readonly AffiliateState[]>> = {
  active: ['suspended', 'closed'],
  suspended: ['active', 'closed'],
  closed: ['active'],
};

const VERBS: Readonly<Record<AffiliateState, readonly [verb: string, kind: ButtonKind]>> = {
  active: ['Activate', 'plain'],
  suspended: ['Suspend', 'plain'],
  closed: ['Close', 'danger'],
};

export function AffiliateActions({ affiliate }: { affiliate: Affiliate }) {
  const [asked, ask] = useState<Asked | null>(null);
  const mayManage = useMay('manage');
  if (!mayManage) return <span className="muted small">needs the scope manage</span>;
  const close = () => ask(null);
  return (
    <>
      {affiliate.state !== 'closed' && (
        <Button kind="primary" onClick={() => ask('portal')}>
          Portal link…
        </Button>
      )}
      <Button onClick={() => ask('change')}>Change…</Button>
      {NEXT[affiliate.state].map((state) => (
        <Button key={state} kind={VERBS[state][1]} onClick={() => ask(state)}>
          {VERBS[state][0]}…
        </Button>
      ))}
      {asked === 'portal' && <PortalLink affiliate={affiliate} onClose={close} />}
      {asked === 'change' && <ChangeDialog affiliate={affiliate} onClose={close} />}
      {(asked === 'active' || asked === 'suspended' || asked === 'closed') && (
        <StateDialog affiliate={affiliate} to={asked} onClose={close} />
      )}
    </>
  );
}

type DialogProps = { affiliate: Affiliate; onClose: () => void };

function StateDialog({ affiliate: { id, name }, to, onClose }: DialogProps & { to: AffiliateState }) {
  const [verb, kind] = VERBS[to];
  const run = async () => {
    await client.PATCH('/v1/affiliates/{id}', { params: { path: { id } }, body: { state: to } });
    await refresh();
    toast(`${name} is ${to}.`);
  };
  return (
    <Confirm
      title={`${verb} ${name}`}
      confirm={`${verb} 1 affiliate`}
      kind={kind === 'danger' ? 'danger' : 'primary'}
      run={run}
      onClose={onClose}
    >
      <p>{MEANING[to]}</p>
      {to !== 'active' && <p>It can be activated again.</p>}
    </Confirm>
  );
}

function ChangeDialog({ affiliate, onClose }: DialogProps) {
  const { id } = affiliate;
  const [name, setName] = useState(affiliate.name);
  const [externalId, setExternalId] = useState(affiliate.external_id ?? '');
  const [contact, setContact] = useState(contactOf(affiliate));
  const [parent, setParent] = useState(affiliate.parent_id ?? '');
  const [since, setSince] = useState('');
  const isOtherParent = parent !== (affiliate.parent_id ?? '');
  const run = async () => {
    await client.PATCH('/v1/affiliates/{id}', {
      params: { path: { id } },
      body: {
        name: name.trim(),
        external_id: externalId.trim() || null,
        ...givenOf(contact),
        ...(isOtherParent && { parent_id: parent || null, ...(since && { parent_since: since }) }),
      },
    });
    await refresh();
  };
  return (
    <Confirm
      title={`Change ${affiliate.name}`}
      confirm="Change 1 affiliate"
      isReady={name.trim() !== ''}
      run={run}
      onClose={onClose}
    >
      <TextField label="Name" value={name} onChange={setName} />
      <TextField label="Own id" value={externalId} onChange={setExternalId} />
      <ContactFields value={contact} onChange={setContact} />
      <AffiliateField label="Parent" value={parent} onChange={setParent} help="Empty: none." anyState />
      {isOtherParent && (
        <TimeField
          label="From"
          value={since}
          onChange={setSince}
          help="Empty: from now on. Events since then are rated again, and the parents hear of the difference."
        />
      )}
    </Confirm>
  );
}
