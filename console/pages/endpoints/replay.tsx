// A new replay, to one endpoint, to those of an affiliate or to all: which postbacks, how many that
// are, and how far it is.
import { useState } from 'react';
import { counted, formatCount } from '../../format/money.ts';
import { isId } from '../../format/places.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { SelectField, TextField } from '../../parts/form.tsx';
import { Failure } from '../../parts/layout.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import type { Answer } from '../../wire/types.ts';
import { AffiliateField } from '../affiliates/pick.tsx';
import { nameOf, type Endpoint } from './condition.tsx';
import { ReplayProgress } from './replay-progress.tsx';

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

/** Without an endpoint a person chooses an affiliate, or nobody for all endpoints. */
export function ReplayDialog({ endpoint, onClose }: { endpoint?: Endpoint; onClose: () => void }) {
  const [affiliate, setAffiliate] = useState('');
  const [states, setStates] = useState<readonly State[]>(['gave_up']);
  const [since, setSince] = useState<(typeof SINCE)[number][0]>('');
  const [rate, setRate] = useState('');
  // Fixed when it is chosen, so that what was counted is what is sent.
  const [from, setFrom] = useState<string | undefined>();
  const body = {
    ...(endpoint && { endpoint_id: endpoint.id }),
    ...(affiliate && { affiliate_id: affiliate }),
    states: [...states],
    ...(from && { from }),
    ...(rate && { rate_per_second: Number(rate) }),
  };
  const isWhole = states.length > 0 && (affiliate === '' || isId(affiliate)) && isRate(rate);
  const counting = api.useQuery(
    'post',
    '/v1/replays',
    { body: { ...body, dry_run: true } },
    { enabled: isWhole, staleTime: 0 },
  );
  const count = isWhole ? counting.data : undefined;
  const run = async () => {
    const { data } = await client.POST('/v1/replays', { body });
    return data!.id;
  };
  return (
    <Confirm
      title={endpoint ? `Replay to ${nameOf(endpoint)}` : 'Replay across endpoints'}
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
      {endpoint === undefined && (
        <AffiliateField
          value={affiliate}
          onChange={setAffiliate}
          help="To the endpoints of this affiliate. Left empty: to all endpoints."
          anyState
        />
      )}
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
      <TextField
        label="Postbacks a second"
        value={rate}
        onChange={setRate}
        isWrong={!isRate(rate)}
        help="At most this many. Left empty: as fast as the endpoints take them."
      />
      <p role="status">{countText(count, states.length)}</p>
      {counting.isError && <Failure error={counting.error} />}
    </Confirm>
  );
}

/** Empty, or a number that the API takes. */
function isRate(text: string): boolean {
  return text === '' || (Number(text) >= 0.001 && Number(text) <= 10_000);
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
