// A new API key: of the operator with its scopes, or of one affiliate; shown once.
import { useState } from 'react';
import { isId } from '../../format/places.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { Choice, SelectField, TextField, TimeField } from '../../parts/form.tsx';
import { ShownOnce } from '../../parts/shown-once.tsx';
import { client, refresh } from '../../wire/client.ts';
import type { RowOf } from '../../wire/types.ts';
import { AffiliateField } from '../affiliates/pick.tsx';

type Scope = RowOf<'/v1/api-keys'>['scopes'][number];
type Kind = 'operator' | 'affiliate';

const SCOPES: Readonly<Record<Kind, readonly (readonly [Scope, string])[]>> = {
  operator: [
    ['events:write', 'Report events, clicks and what becomes of them.'],
    ['read', 'See everything of the operator.'],
    ['manage', 'Change everything: deals, payouts, endpoints, keys.'],
  ],
  affiliate: [
    ['own:read', 'See what is the affiliate’s own.'],
    ['own:endpoints', 'Set up its own endpoints.'],
  ],
};

export function NewKey({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [kind, setKind] = useState<Kind>('operator');
  const [affiliate, setAffiliate] = useState('');
  const [scopes, setScopes] = useState<readonly Scope[]>(['read']);
  const [ends, setEnds] = useState('');
  const run = async () => {
    const { data } = await client.POST('/v1/api-keys', {
      body: {
        name: name.trim(),
        scopes: [...scopes],
        ...(kind === 'affiliate' && { affiliate_id: affiliate }),
        ...(ends && { expires_at: ends }),
      },
    });
    await refresh();
    return data!.api_key;
  };
  const changeKind = (next: Kind) => {
    setKind(next);
    setScopes([SCOPES[next].find(([scope]) => scope.endsWith('read'))![0]]);
  };
  return (
    <Confirm
      title="New API key"
      confirm="Make 1 key"
      isReady={name.trim() !== '' && scopes.length > 0 && (kind === 'operator' || isId(affiliate))}
      run={run}
      result={(key) => <ShownOnce what="The key" secret={key} />}
      onClose={onClose}
    >
      <TextField label="Name" value={name} onChange={setName} help="For whom or what it is." />
      <SelectField
        label="Of"
        value={kind}
        onChange={changeKind}
        options={[
          ['operator', 'the operator'],
          ['affiliate', 'one affiliate'],
        ]}
      />
      {kind === 'affiliate' && <AffiliateField value={affiliate} onChange={setAffiliate} />}
      <fieldset className="choices">
        <legend className="label">It may</legend>
        {SCOPES[kind].map(([scope, meaning]) => (
          <Choice
            key={scope}
            label={scope}
            help={meaning}
            isChosen={scopes.includes(scope)}
            onChange={(isChosen) =>
              setScopes(isChosen ? [...scopes, scope] : scopes.filter((one) => one !== scope))
            }
          />
        ))}
      </fieldset>
      <TimeField label="Ends" value={ends} onChange={setEnds} help="Empty: without an end." />
    </Confirm>
  );
}
