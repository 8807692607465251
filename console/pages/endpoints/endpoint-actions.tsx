// Actions of a person on an endpoint: test, pause, resume, enable, rotate the secret, replay,
// change its settings, remove it.
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { counted } from '../../format/money.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { toast } from '../../parts/toasts.tsx';
import { client, refresh } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import { nameOf, type Endpoint } from './condition.tsx';

// Loaded when the first of them opens.
const EndpointForm = lazy(async () => ({ default: (await import('./endpoint-form.tsx')).EndpointForm }));
const RemoveDialog = lazy(async () => ({ default: (await import('./remove.tsx')).RemoveDialog }));
const ReplayDialog = lazy(async () => ({ default: (await import('./replay.tsx')).ReplayDialog }));
const RotateDialog = lazy(async () => ({ default: (await import('./rotate.tsx')).RotateDialog }));
const TestDialog = lazy(async () => ({ default: (await import('./test.tsx')).TestDialog }));

type Asked = 'test' | 'pause' | 'resume' | 'enable' | 'rotate' | 'replay' | 'change' | 'remove';

export function EndpointActions({ endpoint }: { endpoint: Endpoint }) {
  const [asked, ask] = useState<Asked | null>(null);
  const maySetUp = useMay('manage', 'own:endpoints');
  if (!maySetUp) return <span className="muted small">this key may only read</span>;
  const close = () => ask(null);
  return (
    <>
      <Button kind="primary" onClick={() => ask('test')}>
        Test
      </Button>
      {endpoint.state === 'active' && <Button onClick={() => ask('pause')}>Pause</Button>}
      {endpoint.state === 'paused' && <Button onClick={() => ask('resume')}>Resume</Button>}
      {endpoint.state === 'disabled' && <Button onClick={() => ask('enable')}>Enable</Button>}
      <Button onClick={() => ask('replay')}>Replay…</Button>
      {endpoint.signing !== 'none' && <Button onClick={() => ask('rotate')}>Rotate secret…</Button>}
      <Button onClick={() => ask('change')}>Change…</Button>
      <Button kind="danger" onClick={() => ask('remove')}>
        Remove…
      </Button>
      <Suspense fallback={null}>
        {asked === 'test' && <TestDialog endpoint={endpoint} onClose={close} />}
        {asked === 'replay' && <ReplayDialog endpoint={endpoint} onClose={close} />}
        {asked === 'rotate' && <RotateDialog endpoint={endpoint} onClose={close} />}
        {(asked === 'pause' || asked === 'resume') && (
          <SwitchDialog endpoint={endpoint} to={asked} onClose={close} />
        )}
        {asked === 'enable' && <EnableDialog endpoint={endpoint} onClose={close} />}
        {asked === 'change' && <EndpointForm endpoint={endpoint} onClose={close} />}
        {asked === 'remove' && <RemoveDialog endpoint={endpoint} onClose={close} />}
      </Suspense>
    </>
  );
}

const SWITCHES: Readonly<
  Record<'pause' | 'resume', { label: string; done: string; effect: (waiting: string) => ReactNode }>
> = {
  pause: {
    label: 'Pause',
    done: 'paused',
    effect: (waiting) =>
      `Nothing is sent to it until somebody resumes it. ${waiting} in its queue now, and what comes is kept in order.`,
  },
  resume: {
    label: 'Resume',
    done: 'resumed',
    effect: (waiting) => `${waiting} in its queue, and are sent now, in order.`,
  },
};

type DialogProps = { endpoint: Endpoint; onClose: () => void };

function SwitchDialog({ endpoint, to, onClose }: DialogProps & { to: 'pause' | 'resume' }) {
  const { label, done, effect } = SWITCHES[to];
  const run = async () => {
    await client.POST(`/v1/endpoints/{id}/${to}`, { params: { path: { id: endpoint.id } } });
    await refresh();
    toast(`${nameOf(endpoint)} is ${done}.`);
  };
  return (
    <Confirm
      title={`${label} ${nameOf(endpoint)}`}
      confirm={`${label} 1 endpoint`}
      run={run}
      onClose={onClose}
    >
      <p>{effect(waitingText(endpoint))}</p>
    </Confirm>
  );
}

function EnableDialog({ endpoint, onClose }: DialogProps) {
  const [isReplaying, replay] = useState(false);
  const run = async () => {
    const { data } = await client.POST('/v1/endpoints/{id}/enable', {
      params: { path: { id: endpoint.id } },
    });
    await refresh();
    return data!.offer;
  };
  if (isReplaying) return <ReplayDialog endpoint={endpoint} onClose={onClose} />;
  return (
    <Confirm
      title={`Enable ${nameOf(endpoint)}`}
      confirm="Enable 1 endpoint"
      run={run}
      result={({ held, missed }) => (
        <>
          <p role="status">
            It is on. {counted(held, 'postback')} that waited are sent now; {counted(missed, 'postback')} had
            been given up.
          </p>
          {missed > 0 && (
            <div>
              <Button onClick={() => replay(true)}>Replay what was given up…</Button>
            </div>
          )}
        </>
      )}
      onClose={onClose}
    >
      <p>{waitingText(endpoint)} in its queue, and are sent now. Test it first if you are not sure.</p>
    </Confirm>
  );
}

function waitingText({ waiting }: Endpoint): string {
  return waiting === 1 ? '1 postback waits' : `${counted(waiting, 'postback')} wait`;
}
