// A new secret for an endpoint, shown once; the former one signs beside it for a while.
import { useState } from 'react';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/form.tsx';
import { Copy, Time } from '../../parts/values.tsx';
import { client, refresh } from '../../wire/client.ts';
import { nameOf, type Endpoint } from './condition.tsx';

const LONGEST_HOURS = 168;

export function RotateDialog({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const [hours, setHours] = useState('24');
  const isValid = /^\s*\d{1,3}\s*$/.test(hours) && Number(hours) <= LONGEST_HOURS;
  const run = async () => {
    const { data } = await client.POST('/v1/endpoints/{id}/rotate-secret', {
      params: { path: { id: endpoint.id } },
      body: { overlap_hours: Number(hours) },
    });
    await refresh();
    return data!;
  };
  return (
    <Confirm
      title={`Rotate the secret of ${nameOf(endpoint)}`}
      confirm="Rotate 1 secret"
      isReady={isValid}
      run={run}
      result={({ secret, public_key: publicKey, overlap_ends_at: until }) => (
        <div className="stack" role="status">
          <p>{secret ? 'The new secret, shown this once:' : 'The new public key:'}</p>
          <p className="row">
            <code className="break">{secret ?? publicKey}</code>
            <Copy text={secret ?? publicKey ?? ''} label="Copy" />
          </p>
          <p>
            {until ? (
              <>
                The former one signs beside it: <Time at={until} />.
              </>
            ) : (
              'The former one signs no more.'
            )}
          </p>
        </div>
      )}
      onClose={onClose}
    >
      <p>Every postback is signed by both for so long, so that the receiver can change over:</p>
      <TextField
        label="Hours of overlap"
        value={hours}
        onChange={setHours}
        isWrong={!isValid}
        help={`0 to ${LONGEST_HOURS}; with 0 the former secret ends at once`}
      />
    </Confirm>
  );
}
