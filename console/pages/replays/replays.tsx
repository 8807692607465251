// Replays of all endpoints: a new one, and how far each came.
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Empty, PageFrame } from '../../parts/layout.tsx';
import { useMay } from '../../wire/session.ts';
import { ReplayDialog } from '../endpoints/replay.tsx';
import { Replays } from '../endpoints/replays.tsx';

export function Page() {
  const [isNew, setNew] = useState(false);
  const mayManage = useMay('manage');
  return (
    <PageFrame
      title="Replays"
      about="Postbacks sent again under their own ids: to one endpoint, to those of an affiliate, or to all."
      actions={
        mayManage && (
          <Button kind="primary" onClick={() => setNew(true)}>
            New replay…
          </Button>
        )
      }
    >
      <Replays
        about="Dry runs are left out."
        empty={
          <Empty title="Nothing was replayed yet.">
            A replay sends what was given up, or delivered, again: after an outage of a receiver, say.
          </Empty>
        }
      />
      {isNew && <ReplayDialog onClose={() => setNew(false)} />}
    </PageFrame>
  );
}
