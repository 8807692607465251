// Replays, of one endpoint or of all, under way and closed, each with how far it came.
import { useState, type ReactNode } from 'react';
import { formatCount } from '../../format/money.ts';
import { plain } from '../../format/words.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Id, State, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import type { RowOf } from '../../wire/types.ts';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';
import { DownloadList } from '../download-list.tsx';
import { ReplayProgress } from './replay-progress.tsx';

type Replay = RowOf<'/v1/replays'>;

const LIVE_MS = 3000;

const COLUMNS: readonly Column<Replay>[] = [
  { title: 'Begun', cell: ({ created_at: at }) => <Time at={at} /> },
  { title: 'State', cell: ({ state }) => <State of={state} /> },
  { title: 'Of postbacks', cell: chosen },
  { title: 'Sent', end: true, cell: ({ sent, total }) => `${formatCount(sent)} of ${formatCount(total)}` },
  {
    title: 'Left as they were',
    end: true,
    cell: ({ recalled, skipped }) => formatCount(recalled + skipped),
  },
  { title: 'Ended', cell: ({ finished_at: at }) => <Time at={at} none="not yet" /> },
];

/** What the filter of a replay chose. */
function chosen({ states, from, to }: Replay) {
  return (
    <>
      {states.map(plain).join(', ')}
      {(from ?? to) && (
        <div className="muted small">
          planned <Time at={from} none="ever" /> to <Time at={to} none="its begin" />
        </div>
      )}
    </>
  );
}

/** Where a replay goes. */
const TO: Column<Replay> = {
  title: 'To',
  cell: ({ endpoint_id: endpoint, affiliate_id: affiliate }) => {
    if (endpoint !== null) return <Id id={endpoint} />;
    return affiliate === null ? 'all endpoints' : <AffiliateLink id={affiliate} />;
  },
};

type ReplaysProps = {
  /** Of which endpoint; without it, of all, each with where it goes. */
  id?: string;
  about: string;
  empty: ReactNode;
};

export function Replays({ id, about, empty }: ReplaysProps) {
  const [shown, show] = useState<string | null>(null);
  const query = { ...(id !== undefined && { endpoint_id: id }), dry_run: 'false' } as const;
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/replays',
    { params: { query: { ...query, limit: 20 } } },
    {
      ...paged,
      refetchInterval: ({ state: { data } }) =>
        data?.pages.some(({ data: rows }) => rows.some(({ state }) => state === 'running')) ? LIVE_MS : false,
    },
  );
  const columns = id === undefined ? [TO, ...COLUMNS] : COLUMNS;
  return (
    <Panel title="Replays" about={about} actions={<DownloadList path="/v1/replays" query={query} />} bare>
      <List
        caption="Replays"
        one="replay"
        pages={pages}
        columns={[...columns, details(show)]}
        empty={empty}
      />
      {shown !== null && (
        <Dialog title="Replay" onClose={() => show(null)}>
          <ReplayProgress id={shown} />
          <div className="dialog-foot">
            <Button onClick={() => show(null)}>Close</Button>
          </div>
        </Dialog>
      )}
    </Panel>
  );
}

const details = (show: (id: string) => void): Column<Replay> => ({
  title: 'Actions',
  hidden: true,
  end: true,
  cell: ({ id }) => (
    <Button aria-label={`Details of ${id}`} onClick={() => show(id)}>
      Details
    </Button>
  ),
});
