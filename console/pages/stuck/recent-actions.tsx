// The latest actions on what was stuck, with their progress.
import { formatCount } from '../../format/money.ts';
import { plain } from '../../format/words.ts';
import { Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Id, Outside, State, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import type { Action } from './actions.tsx';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';

const SHOWN = 5;
const LIVE_MS = 5000;

const COLUMNS: readonly Column<Action>[] = [
  { title: 'Action', cell: ({ action }) => plain(action) },
  { title: 'Of', cell: ofWhat },
  { title: 'State', cell: ({ state }) => <State of={state} /> },
  { title: 'Done', end: true, cell: ({ done, total }) => `${formatCount(done)} of ${formatCount(total)}` },
  { title: 'Refused', end: true, cell: ({ refused }) => formatCount(refused) },
  { title: 'Begun', cell: ({ created_at: at }) => <Time at={at} /> },
  {
    title: 'Workflow',
    cell: ({ workflow_url: url }) =>
      url ? <Outside href={url}>Temporal</Outside> : <span className="muted">dry run</span>,
  },
];

/** The filter of an action, in a line. */
function ofWhat({ endpoint_id, affiliate_id, stuck_state, reason, last_error }: Action) {
  const words = [stuck_state, reason, last_error].filter((part) => part !== null);
  if (endpoint_id === null && affiliate_id === null && words.length === 0) return 'everything';
  return (
    <>
      {affiliate_id && <AffiliateLink id={affiliate_id} />} {endpoint_id && <Id id={endpoint_id} />}
      {words.length > 0 && <div className="break">{words.join(', ')}</div>}
    </>
  );
}

export function RecentActions() {
  const actions = api.useQuery(
    'get',
    '/v1/stuck/actions',
    { params: { query: { limit: SHOWN } } },
    { refetchInterval: LIVE_MS },
  );
  if (!actions.data?.data.length) return null;
  return (
    <Panel title="Latest actions" bare>
      <Table
        caption="Latest actions"
        columns={COLUMNS}
        rows={actions.data.data}
        keyOf={({ id }) => id}
        empty={null}
      />
    </Panel>
  );
}
