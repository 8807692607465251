// A replay to an endpoint: which postbacks, how many that are, and how far it is.
import { useState } from 'react';
import { counted, formatCount } from '../../format/money.ts';
import { plain } from '../../format/words.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { SelectField } from '../../parts/form.tsx';
import { Failure } from '../../parts/layout.tsx';
import { State } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import type { Answer } from '../../wire/types.ts';
import { nameOf, type Endpoint } from './condition.tsx';

type Replay = Answer<'/v1/replays/{id}'>;
type State = Replay['states'][number];

const STATES: readonly (readonly [State, string])[] = [
  ['gave_up', 'given up'],
  ['delivered', 'delivered (sent again under the same id)'],
  ['retrying', 'being retried'],
  ['held', 'held back'],
];

/** From the day on: replays are of what was planned lately, as a rule. */
const SINCE = [
  ['', 'ever'],
  ['1', 'in the last hour'],
  ['24', 'in the last 24 hours'],
  ['168', 'in the last 7 days'],
  ['720', 'in the last 30 days'],
] as const;

const HOUR_MS = 3_600_000;

export function ReplayDialog({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const [states, setStates] = useState<readonly State[]>(['gave_up']);
  const [since, setSince] = useState<(typeof SINCE)[number][0]>('');
  // Fixed when it is chosen, so that what was counted is what is sent.
  const [from, setFrom] = useState<string | undefined>();
  const body = { endpoint_id: endpoint.id, states: [...states], ...(from && { from }) };
  const counting = api.useQuery(
    'post',
    '/v1/replays',
    { body: { ...body, dry_run: true } },
    { enabled: states.length > 0, staleTime: 0 },
  );
  const count = states.length > 0 ? counting.data : undefined;
  const run = async () => {
    const { data } = await client.POST('/v1/replays', { body });
    return data!.id;
  };
  return (
    <Confirm
      title={`Replay to ${nameOf(endpoint)}`}
      confirm={`Replay ${count ? numberOf(count) : '…'}`}
      isReady={count !== undefined && count.total > 0}
      run={run}
      result={(id) => <ReplayProgress id={id} />}
      onClose={() => {
        onClose();
        void refresh();
      }}
    >
      <p>They are sent again with the same ids, so that the receiver can tell them from new ones.</p>
      <fieldset className="choices">
        <legend className="label">Postbacks that were</legend>
        {STATES.map(([state, label]) => (
          <label key={state} className="choice">
            <input
              type="checkbox"
              checked={states.includes(state)}
              onChange={({ target }) =>
                setStates(target.checked ? [...states, state] : states.filter((one) => one !== state))
              }
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      <SelectField
        label="planned"
        value={since}
        onChange={(value) => {
          setSince(value);
          setFrom(value === '' ? undefined : new Date(Date.now() - Number(value) * HOUR_MS).toISOString());
        }}
        options={SINCE}
      />
      <p role="status">{countText(count, states.length)}</p>
      {counting.isError && <Failure error={counting.error} />}
    </Confirm>
  );
}

type Counted = { total: number; total_is_exact: boolean };

function numberOf({ total, total_is_exact: isExact }: Counted): string {
  return isExact ? counted(total, 'postback') : `${formatCount(total)} or more postbacks`;
}

function countText(count: Counted | undefined, states: number): string {
  if (states === 0) return 'Choose at least one state.';
  if (count === undefined) return 'Counting…';
  return count.total === 0 ? 'No postback is such.' : `These are ${numberOf(count)}.`;
}

const POLL_MS = 1000;

/** How far a replay is; read until it is over. */
export function ReplayProgress({ id }: { id: string }) {
  const query = api.useQuery(
    'get',
    '/v1/replays/{id}',
    { params: { path: { id } } },
    { refetchInterval: ({ state: { data } }) => (data?.state === 'running' || !data ? POLL_MS : false) },
  );
  const cancel = api.useMutation('delete', '/v1/replays/{id}', { onSettled: () => query.refetch() });
  if (query.isError) return <Failure error={query.error} />;
  if (query.data === undefined) return <p role="status">Started…</p>;
  const {
    state,
    total,
    sent,
    waiting,
    delivered,
    retrying,
    gave_up: gaveUp,
    skipped,
    recalled,
    endpoints,
  } = query.data;
  const [condition] = endpoints;
  return (
    <div className="stack" role="status">
      <p>
        <State of={state} /> {formatCount(sent)} of {counted(total, 'postback')} sent
      </p>
      <progress max={Math.max(1, total)} value={sent + skipped + recalled} aria-label="Progress" />
      <p className="small">
        {formatCount(delivered)} delivered, {formatCount(retrying)} being retried, {formatCount(gaveUp)} given
        up again, {formatCount(skipped + recalled)} left as they were, {formatCount(waiting)} to go.
      </p>
      {state === 'running' && condition && (
        <p className="small">
          The endpoint is {plain(condition.state)}: {formatCount(condition.waiting)} wait in the replay,{' '}
          {formatCount(condition.queued)} in its queue.
        </p>
      )}
      {state === 'running' && <p className="muted small">It goes on when this is closed.</p>}
      {state === 'running' && (
        <div>
          <Button disabled={cancel.isPending} onClick={() => cancel.mutate({ params: { path: { id } } })}>
            Stop here
          </Button>
        </div>
      )}
    </div>
  );
}
