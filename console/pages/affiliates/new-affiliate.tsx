// A new affiliate: its name, the operator's own id of it, and its parent.
import { useState } from 'react';
import { useLocation } from 'wouter';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/form.tsx';
import { client, refresh } from '../../wire/client.ts';
import { ContactFields, givenOf, NO_CONTACT } from './contact.tsx';
import { AffiliateField } from './pick.tsx';

export function NewAffiliate({ onClose }: { onClose: () => void }) {
  const [, navigate] = useLocation();
  const [name, setName] = useState('');
  const [externalId, setExternalId] = useState('');
  const [parent, setParent] = useState('');
  const [contact, setContact] = useState(NO_CONTACT);
  const run = async () => {
    const { data } = await client.POST('/v1/affiliates', {
      body: {
        name: name.trim(),
        external_id: externalId.trim() || null,
        ...givenOf(contact),
        ...(parent && { parent_id: parent }),
      },
    });
    await refresh();
    navigate(`/affiliates/${data!.id}`);
  };
  return (
    <Confirm
      title="New affiliate"
      confirm="Add 1 affiliate"
      isReady={name.trim() !== ''}
      run={run}
      onClose={onClose}
    >
      <TextField label="Name" value={name} onChange={setName} />
      <TextField
        label="Own id"
        value={externalId}
        onChange={setExternalId}
        help="What your systems call it. May be left out."
      />
      <ContactFields value={contact} onChange={setContact} />
      <AffiliateField
        label="Parent"
        value={parent}
        onChange={setParent}
        help="Gets a part of its commissions where a deal has overrides. May be left out."
      />
    </Confirm>
  );
}
