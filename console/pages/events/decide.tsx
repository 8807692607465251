// Decisions of people about an event: correct it, take it out of the books, or let it earn nothing;
// and back.
import { useState } from 'react';
import { counted } from '../../format/money.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/form.tsx';
import { toast } from '../../parts/toasts.tsx';
import { client, refresh } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import { AmendDialog, isAmendable } from './amend.tsx';
import type { Trace } from './trace-types.ts';

type Verb = 'void' | 'unvoid' | 'reject' | 'unreject';

const VERBS: Readonly<Record<Verb, { label: string; confirm: string; effect: string; isDanger?: true }>> = {
  void: {
    label: 'Void…',
    confirm: 'Void 1 event',
    effect:
      'The books become as if it had not been sent: what it earned or took back is undone, and a binding that it made goes with it. It stays readable, and can be put back.',
    isDanger: true,
  },
  unvoid: {
    label: 'Put back…',
    confirm: 'Put 1 event back',
    effect: 'It is settled anew, by what is known now.',
  },
  reject: {
    label: 'Reject…',
    confirm: 'Reject 1 event',
    effect:
      'It earns nothing, and still counts as having happened. Other conversions of its month are left alone. This can be taken back.',
    isDanger: true,
  },
  unreject: {
    label: 'Take the rejection back…',
    confirm: 'Take 1 rejection back',
    effect: 'It earns again what it would have.',
  },
};

/** Which decisions make sense about it now. */
function verbsFor({ status, versions, commissions }: Trace): Verb[] {
  const newest = versions?.at(-1);
  if (newest?.voided) return ['unvoid'];
  if (newest?.rejected) return ['unreject', 'void'];
  if (status !== 'settled') return status === 'orphaned' || status === 'set_aside' ? ['void'] : [];
  return commissions.length > 0 ? ['reject', 'void'] : ['void'];
}

export function Decide({ trace }: { trace: Trace }) {
  const [verb, ask] = useState<Verb | 'amend' | null>(null);
  const mayWrite = useMay('events:write');
  if (!mayWrite) return null;
  return (
    <>
      {isAmendable(trace) && <Button onClick={() => ask('amend')}>Amend…</Button>}
      {verbsFor(trace).map((each) => (
        <Button key={each} kind={VERBS[each].isDanger ? 'danger' : 'plain'} onClick={() => ask(each)}>
          {VERBS[each].label}
        </Button>
      ))}
      {verb === 'amend' && <AmendDialog trace={trace} onClose={() => ask(null)} />}
      {verb && verb !== 'amend' && <DecideDialog trace={trace} verb={verb} onClose={() => ask(null)} />}
    </>
  );
}

type DecideProps = { trace: Trace; verb: Verb; onClose: () => void };

function DecideDialog({ trace: { id, commissions }, verb, onClose }: DecideProps) {
  const [reason, setReason] = useState('');
  const { confirm, effect, isDanger } = VERBS[verb];
  const needsReason = verb === 'void' || verb === 'reject';
  const run = async () => {
    await client.POST(`/v1/events/{id}/${verb}`, {
      params: { path: { id } },
      // The routes that take a decision back need none.
      body: (reason.trim() ? { reason: reason.trim() } : {}) as { reason: string },
    });
    toast('Kept. The books follow in a moment.');
    await refresh();
  };
  return (
    <Confirm
      title={confirm}
      confirm={confirm}
      kind={isDanger ? 'danger' : 'primary'}
      isReady={!needsReason || reason.trim() !== ''}
      run={run}
      onClose={onClose}
    >
      <p>
        1 event{commissions.length > 0 && ` in ${counted(commissions.length, 'commission')}`}. {effect}
      </p>
      <TextField
        label="Reason"
        value={reason}
        onChange={setReason}
        help={needsReason ? 'For whoever looks at the event.' : 'May be left out.'}
      />
    </Confirm>
  );
}
