// One import: its progress while it runs, and what became of each line.
import { useState } from 'react';
import { Link, useParams } from 'wouter';
import { counted, formatCount } from '../../format/money.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Download } from '../../parts/download.tsx';
import { FilterBar, SelectFilter, useFilters, type Filters } from '../../parts/filters.tsx';
import { Empty, Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Badge, Id, Outside, State, Time } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { download, pathWith } from '../../wire/download.ts';
import { paged, rowsOfResults } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import type { Answer } from '../../wire/types.ts';

type Whole = Answer<'/v1/imports/{id}'>;
type Line = Whole['results'][number];
type Status = Line['status'];

const LIVE_MS = 1000;

const STATUSES: Readonly<Record<Status, string>> = {
  accepted: 'Accepted',
  duplicate: 'There before',
  refused: 'Refused',
};

const isUnderWay = ({ state }: Whole): boolean => state === 'running' || state === 'receiving';

export function Page() {
  const { id } = useParams<{ id: string }>();
  const filters = useFilters(['status']);
  const query = api.useQuery(
    'get',
    '/v1/imports/{id}',
    { params: { path: { id }, query: { limit: 1 } } },
    { refetchInterval: ({ state: { data } }) => (!data || isUnderWay(data) ? LIVE_MS : false) },
  );
  return (
    <PageFrame
      title={query.data?.dry_run ? 'Dry run of an import' : 'Import'}
      crumb={<Link href="/imports">Imports</Link>}
      actions={query.data && <Actions of={query.data} filters={filters} />}
    >
      <Loaded query={query} of="the import">
        {(whole) => (
          <>
            <Progress of={whole} />
            <FilterBar filters={filters}>
              <SelectFilter
                filters={filters}
                name="status"
                label="Result"
                options={Object.entries(STATUSES)}
              />
            </FilterBar>
            {/* Its lines are read anew with its progress. */}
            <Lines key={`${whole.done} ${whole.state}`} id={id} filters={filters} isDryRun={whole.dry_run} />
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

function Actions({ of: whole, filters }: { of: Whole; filters: Filters }) {
  const [isStopping, setStopping] = useState(false);
  const mayManage = useMay('manage');
  const { status } = filters.values;
  const name = `${whole.id}${status ? `-${status}` : ''}.csv`;
  const path = pathWith(`/v1/imports/${whole.id}`, { status });
  return (
    <>
      {whole.workflow_url && <Outside href={whole.workflow_url}>In the Temporal UI</Outside>}
      {mayManage && isUnderWay(whole) && <Button onClick={() => setStopping(true)}>Stop…</Button>}
      <Download
        label={status ? `${STATUSES[status as Status]} as CSV` : 'All lines as CSV'}
        run={() => download({ path, accept: 'text/csv', name })}
      />
      {isStopping && <StopDialog of={whole} onClose={() => setStopping(false)} />}
    </>
  );
}

function StopDialog({ of: { id, done, total }, onClose }: { of: Whole; onClose: () => void }) {
  const run = async () => {
    await client.DELETE('/v1/imports/{id}', { params: { path: { id } } });
    await refresh();
  };
  return (
    <Confirm title="Stop the import" confirm="Stop 1 import" kind="danger" run={run} onClose={onClose}>
      <p>
        Events that it took in stay. {counted(total - done, 'line')} would not be looked at; send the same
        file again to go on: what is there already is not taken in twice.
      </p>
    </Confirm>
  );
}

function Progress({ of: whole }: { of: Whole }) {
  const { id, done, total, dry_run: isDryRun, created_at: began, finished_at: ended } = whole;
  const counts = [
    ['accepted', whole.accepted, isDryRun ? 'would be taken in' : 'taken in'],
    ['duplicate', whole.duplicate, isDryRun ? 'would change nothing' : 'changed nothing'],
    ['refused', whole.refused, isDryRun ? 'would be refused' : 'not taken in'],
  ] as const;
  return (
    <Panel
      title="Result"
      about={
        <>
          began <Time at={began} />
          {ended && (
            <>
              , over <Time at={ended} />
            </>
          )}
        </>
      }
      actions={
        <>
          {isDryRun && <Badge tone="off">takes nothing in</Badge>}
          <State of={whole.state} />
        </>
      }
      bare
    >
      {isUnderWay(whole) && (
        <div className="panel-body" role="status">
          <p>
            {formatCount(done)} of {counted(total, 'line')} looked at. It goes on when this page is closed,
            and is found again under its address.
          </p>
          <progress max={Math.max(1, total)} value={done} aria-label="Progress" />
        </div>
      )}
      <div className="tiles">
        {counts.map(([status, count, note]) => (
          <Link
            key={status}
            href={`/imports/${id}?status=${status}`}
            className="tile"
            data-tone={status === 'refused' && count > 0 ? 'bad' : undefined}
          >
            <span className="tile-label">{STATUSES[status]}</span>
            <span className="tile-value">{formatCount(count)}</span>
            <span className="tile-note">{note}</span>
          </Link>
        ))}
      </div>
    </Panel>
  );
}

const TONES = { accepted: 'good', duplicate: 'off', refused: 'bad' } as const;

const columns = (isDryRun: boolean): readonly Column<Line>[] => [
  { title: 'Line', cell: ({ line }) => formatCount(line) },
  { title: 'Result', cell: ({ status }) => <Badge tone={TONES[status]}>{STATUSES[status]}</Badge> },
  {
    title: 'Why',
    cell: ({ issues }) =>
      issues.length === 0
        ? '–'
        : issues.map(({ path, message }) => (
            <div key={`${path} ${message}`} className="break">
              {path && <code>{path}</code>} {message}
            </div>
          )),
  },
  {
    title: 'Event',
    cell: ({ event_id: event }) =>
      event === null ? (
        <span className="muted nowrap">{isDryRun ? 'not made' : '–'}</span>
      ) : (
        <Id id={event} />
      ),
  },
];

type LinesProps = { id: string; filters: Filters; isDryRun: boolean };

function Lines({ id, filters, isDryRun }: LinesProps) {
  const query = filters.values as { status?: Status };
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/imports/{id}',
    { params: { path: { id }, query: { ...query, limit: 100 } } },
    // Read anew whenever the import has come further.
    { ...paged, staleTime: 0, select: (read) => rowsOfResults(read) },
  );
  return (
    <Panel title="Lines" about="Numbered from 1, without the header." bare>
      <List
        caption="Lines of the file"
        one="line"
        pages={pages}
        columns={columns(isDryRun)}
        keyOf={({ line }) => String(line)}
        filters={filters}
        empty={<Empty title="No line was looked at yet." />}
      />
    </Panel>
  );
}
