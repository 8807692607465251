// The condition of an endpoint: whether it is on, and how it fares.
import { counted } from '../../format/money.ts';
import { reasonText } from '../../format/words.ts';
import { Badge, State, Time } from '../../parts/values.tsx';
import type { Answer } from '../../wire/types.ts';

export type Endpoint = Answer<'/v1/endpoints/{id}'>;

export function nameOf({ name, url }: Pick<Endpoint, 'name' | 'url'>): string {
  return name ?? /^https?:\/\/([^/?#]+)/.exec(url)?.[1] ?? url;
}

export function Condition({ of: endpoint }: { of: Endpoint }) {
  const { state, breaker, failing_since: since, last_error: error } = endpoint;
  if (state !== 'active')
    return (
      <>
        <State of={state} />
        <div className="muted small">{endpoint.state_reason ?? 'by a person'}</div>
      </>
    );
  if (since === null) return <Badge tone="good">up</Badge>;
  return (
    <>
      <Badge tone="bad">{breaker === 'open' ? 'down' : 'failing'}</Badge>
      <div className="muted small">
        {error && reasonText(error)} <Time at={since} />
      </div>
    </>
  );
}

/** In a sentence: what happens to postbacks for it now, and what to do. */
export function explain(endpoint: Endpoint): string {
  const { state, breaker, failing_since: since, failures_in_a_row: failures, advice } = endpoint;
  if (state === 'paused') return 'Paused: postbacks for it wait, in order, until somebody resumes it.';
  if (state === 'disabled')
    return 'Disabled: postbacks for it wait until somebody enables it, as a rule after its owner changed something.';
  if (since === null) return 'Postbacks are sent as they come.';
  const then =
    breaker === 'open'
      ? `The breaker is open after ${counted(failures, 'failure')} in a row: one postback at a time probes it, and the others wait.`
      : `${counted(failures, 'failure')} in a row: each postback is tried again by its schedule.`;
  return advice ? `${then} ${advice}` : then;
}
