// A new notice channel: a mail address, or the webhook of a chat, and of what it is told.
import { useState } from 'react';
import { Confirm } from '../../parts/dialog.tsx';
import { Choice, SelectField, TextField } from '../../parts/form.tsx';
import { client, refresh } from '../../wire/client.ts';
import { KINDS, NOTICES, type Kind, type Notice } from './notice-words.ts';

const ALL = Object.keys(NOTICES) as Notice[];

export function NewChannel({ onClose }: { onClose: () => void }) {
  const [kind, setKind] = useState<Kind>('mail');
  const [target, setTarget] = useState('');
  const [chosen, choose] = useState<readonly Notice[]>(ALL);
  const run = async () => {
    await client.POST('/v1/notice-channels', {
      body: {
        kind,
        ...(kind === 'mail' ? { address: target.trim() } : { url: target.trim() }),
        notices: [...chosen],
      },
    });
    await refresh();
  };
  return (
    <Confirm
      title="New channel"
      confirm="Add 1 channel"
      isReady={target.trim() !== '' && chosen.length > 0}
      run={run}
      onClose={onClose}
    >
      <SelectField
        label="By"
        value={kind}
        onChange={setKind}
        options={[
          ['mail', KINDS.mail],
          ['slack', KINDS.slack],
        ]}
      />
      {kind === 'mail' ? (
        <TextField
          label="Address"
          value={target}
          onChange={setTarget}
          hint="ops@broker.example"
          help="Needs a mail server in the installation; where there is none, its condition says so."
        />
      ) : (
        <TextField
          label="URL"
          value={target}
          onChange={setTarget}
          hint="https://hooks.slack.com/services/…"
          help="Slack, Mattermost and others understand it. Kept encrypted: whoever knows it can write there."
        />
      )}
      <fieldset className="choices">
        <legend className="label">Of what</legend>
        {ALL.map((notice) => (
          <Choice
            key={notice}
            label={NOTICES[notice]}
            isChosen={chosen.includes(notice)}
            onChange={(isChosen) =>
              choose(ALL.filter((one) => (one === notice ? isChosen : chosen.includes(one))))
            }
          />
        ))}
      </fieldset>
    </Confirm>
  );
}
