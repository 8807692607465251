// How far a replay is, read until it is over, with a button that stops it.
import { counted, formatCount } from '../../format/money.ts';
import { plain } from '../../format/words.ts';
import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/layout.tsx';
import { Id, State } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import type { Answer } from '../../wire/types.ts';

type Progress = Answer<'/v1/replays/{id}'>;

const POLL_MS = 1000;

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
      {state === 'running' && <Endpoints of={endpoints} />}
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

/** Endpoints that a replay still has to send to, of which a replay of all may have many. */
const SHOWN_ENDPOINTS = 10;

function Endpoints({ of: endpoints }: { of: Progress['endpoints'] }) {
  const more = endpoints.length - SHOWN_ENDPOINTS;
  return (
    <>
      {endpoints.slice(0, SHOWN_ENDPOINTS).map(({ endpoint_id: id, state, waiting, queued }) => (
        <p key={id} className="small">
          {endpoints.length === 1 ? 'The endpoint' : <Id id={id} />} is {plain(state)}: {formatCount(waiting)}{' '}
          wait in the replay, {formatCount(queued)} in its queue.
        </p>
      ))}
      {more > 0 && <p className="muted small">and {counted(more, 'endpoint')} more</p>}
    </>
  );
}
