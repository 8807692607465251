// The secret that signs events: a new one, shown once, while the former goes on for some time.
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/form.tsx';
import { Panel } from '../../parts/layout.tsx';
import { ShownOnce } from '../../parts/shown-once.tsx';
import { client, refresh } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';

const GRACE_HOURS = '24';

export function InboundSecret() {
  const [isAsked, ask] = useState(false);
  const mayManage = useMay('manage');
  return (
    <Panel
      title="Inbound secret"
      actions={mayManage && <Button onClick={() => ask(true)}>New secret…</Button>}
    >
      <p>
        Your systems sign events with it, as Standard Webhooks has it. It is kept encrypted, and shown once,
        when it is made.
      </p>
      {isAsked && <NewSecret onClose={() => ask(false)} />}
    </Panel>
  );
}

function NewSecret({ onClose }: { onClose: () => void }) {
  const [grace, setGrace] = useState(GRACE_HOURS);
  const isWhole = /^\d{1,3}$/.test(grace.trim());
  const run = async () => {
    const { data } = await client.POST('/v1/operator/inbound-secret', {
      body: { grace_hours: Number(grace.trim()) },
    });
    await refresh();
    return data!.secret;
  };
  return (
    <Confirm
      title="New inbound secret"
      confirm="Make 1 secret"
      isReady={isWhole}
      run={run}
      result={(secret) => <ShownOnce what="The secret" secret={secret} />}
      onClose={onClose}
    >
      <TextField
        label="The former one goes on for (hours)"
        value={grace}
        onChange={setGrace}
        isWrong={!isWhole}
        help="0 to 720; 0 ends it at once, and events signed with it are refused."
      />
    </Confirm>
  );
}
