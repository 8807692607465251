// Actions on everything that is stuck: the question with its number, the progress, the result.
import { useState, type ReactNode } from 'react';
import { counted, formatCount } from '../../format/money.ts';
import { reasonText } from '../../format/words.ts';
import { Button, type ButtonKind } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Failure } from '../../parts/layout.tsx';
import { Outside, Sums } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import type { Answer } from '../../wire/types.ts';

type Stuck = Answer<'/v1/stuck'>;
export type Action = Answer<'/v1/stuck/actions/{id}'>;
type Verb = Action['action'];

/** As the filter of an action takes it; `all` where nothing is chosen. */
export type Choice = {
  endpoint_id?: string;
  affiliate_id?: string;
  reason?: string;
  state?: 'retrying' | 'held' | 'gave_up';
  all?: true;
};

/** What an action is about, in words and numbers. */
export type Target = {
  name: string;
  count: number;
  /** Null where the list does not say. */
  endpoints: number | null;
  notTold: Stuck['total']['not_told'];
  choice: Choice;
};

type Wording = {
  path: `/v1/stuck/${string}`;
  label: string;
  kind: ButtonKind;
  effect: (target: Target) => ReactNode;
};

const WORDING: Readonly<Record<Verb, Wording>> = {
  retry: {
    path: '/v1/stuck/retry',
    label: 'Retry',
    kind: 'primary',
    effect: () =>
      'Each is tried again now, in the order of its conversion. To an endpoint that is down one postback goes first, and the others follow when it arrives.',
  },
  pause: {
    path: '/v1/stuck/pause',
    label: 'Pause endpoints',
    kind: 'primary',
    effect: ({ endpoints }) =>
      `${endpointsText(endpoints, 'All their endpoints')} will get nothing until somebody resumes. What is for them is kept, in order.`,
  },
  give_up: {
    path: '/v1/stuck/give-up',
    label: 'Give up',
    kind: 'danger',
    effect: () =>
      'They are not tried any more. Whoever needs them can replay them later: nothing is deleted.',
  },
  acknowledge: {
    path: '/v1/stuck/acknowledge',
    label: 'Acknowledge',
    kind: 'primary',
    effect: () =>
      'Those that were given up leave this list. Those that are still tried stay, and are counted as refused.',
  },
};

function endpointsText(count: number | null, unknown: string): string {
  return count === null ? unknown : counted(count, 'endpoint');
}

/** A question, and its target as it was when that was asked: the list is read again meanwhile. */
export type Asked = { verbs: readonly Verb[]; target: Target };
export type Ask = (asked: Asked) => void;

/** The buttons for a target: retry at once, everything else behind a choice. */
export function Actions({ target, label, ask }: { target: Target; label: string; ask: Ask }) {
  const mayManage = useMay('manage');
  if (!mayManage) return <span className="muted small">needs the scope manage</span>;
  return (
    <div className="row nowrap">
      <Button kind="primary" onClick={() => ask({ verbs: ['retry'], target })} aria-label={`Retry ${label}`}>
        Retry
      </Button>
      <Button
        onClick={() => ask({ verbs: ['pause', 'acknowledge', 'give_up'], target })}
        aria-label={`Other actions for ${label}`}
      >
        Other…
      </Button>
    </div>
  );
}

/** The question, the progress and the result. They outlast the row whose postbacks are gone. */
export function ActDialog({ verbs, target, onClose }: Asked & { onClose: () => void }) {
  const [verb, choose] = useState(verbs[0]!);
  const { path, label, kind, effect } = WORDING[verb];
  const run = async () => {
    // All four take the same body and give the same answer.
    const { data } = await client.POST(path as '/v1/stuck/retry', { body: target.choice });
    return data!;
  };
  return (
    <Confirm
      title={verbs.length > 1 ? `What to do with ${target.name}` : `${label} ${target.name}`}
      confirm={
        verb === 'pause'
          ? `Pause ${endpointsText(target.endpoints, 'all their endpoints')}`
          : `${label} ${counted(target.count, 'postback')}`
      }
      kind={kind}
      run={run}
      result={({ id }) => <ActionProgress id={id} />}
      onClose={() => {
        onClose();
        void refresh();
      }}
    >
      <div className="notice">
        <strong>{counted(target.count, 'postback')}</strong> to{' '}
        {endpointsText(target.endpoints, 'their endpoints')}
        {target.notTold.length > 0 && (
          <>
            , which report
            <Sums of={target.notTold} />
          </>
        )}
      </div>
      {verbs.length > 1 ? (
        <Choices verbs={verbs} chosen={verb} onChoose={choose} target={target} />
      ) : (
        <p>{effect(target)}</p>
      )}
    </Confirm>
  );
}

type ChoicesProps = { verbs: readonly Verb[]; chosen: Verb; onChoose: (verb: Verb) => void; target: Target };

function Choices({ verbs, chosen, onChoose, target }: ChoicesProps) {
  return (
    <fieldset className="choices">
      <legend className="only-read">Action</legend>
      {verbs.map((verb) => (
        <label key={verb} className="choice">
          <input type="radio" name="verb" checked={verb === chosen} onChange={() => onChoose(verb)} />
          <span>
            <strong>{WORDING[verb].label}</strong>
            <small>{WORDING[verb].effect(target)}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

const POLL_MS = 700;

/** How far an action is, and what came of it; read until it is over. */
function ActionProgress({ id }: { id: string }) {
  const query = api.useQuery(
    'get',
    '/v1/stuck/actions/{id}',
    { params: { path: { id } } },
    { refetchInterval: ({ state: { data } }) => (data?.state === 'running' || !data ? POLL_MS : false) },
  );
  const cancel = api.useMutation('delete', '/v1/stuck/actions/{id}', { onSettled: () => query.refetch() });
  if (query.isError) return <Failure error={query.error} />;
  if (query.data === undefined) return <p role="status">Started…</p>;
  const action = query.data;
  const unit = action.action === 'pause' ? 'endpoint' : 'postback';
  const visited = action.done + action.refused;
  return (
    <div className="stack" role="status">
      <p>
        <strong>{RESULTS[action.state]}</strong> {formatCount(action.done)} of {counted(action.total, unit)}
        {action.refused > 0 && `, ${formatCount(action.refused)} refused`}
      </p>
      <progress max={Math.max(1, action.total)} value={visited} aria-label="Progress" />
      {action.refusals.length > 0 && (
        <ul className="small">
          {action.refusals.map(({ reason, count }) => (
            <li key={reason}>
              {formatCount(count)} × {reasonText(reason)}
            </li>
          ))}
        </ul>
      )}
      <div className="row">
        {action.state === 'running' && (
          <Button disabled={cancel.isPending} onClick={() => cancel.mutate({ params: { path: { id } } })}>
            Stop here
          </Button>
        )}
        {action.workflow_url && <Outside href={action.workflow_url}>Workflow in the Temporal UI</Outside>}
      </div>
    </div>
  );
}

const RESULTS: Readonly<Record<Action['state'], string>> = {
  running: 'Under way:',
  done: 'Done:',
  cancelled: 'Stopped:',
};
