// Success and latency of an endpoint over 24 hours and 30 days, and its latest attempts.
import { formatCount } from '../../format/money.ts';
import { duration } from '../../format/time.ts';
import { reasonText } from '../../format/words.ts';
import { Chart } from '../../parts/chart.tsx';
import type { Series } from '../../parts/series.ts';
import { Empty, Loaded, Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Badge, Id, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { LatestStrip, latencyText, successText, type Statistics } from './figures.tsx';

const LIVE_MS = 15_000;
const SHOWN = 10;

export function Health({ id }: { id: string }) {
  const query = api.useQuery(
    'get',
    '/v1/endpoints/{id}/statistics',
    { params: { path: { id } } },
    { refetchInterval: LIVE_MS },
  );
  return (
    <Loaded query={query} of="its figures">
      {(statistics) => (
        <div className="stack">
          <div className="columns">
            <Stretch title="Last 24 hours, by hour" counts={statistics.last_24_hours} of={statistics.hours} />
            <Stretch
              title="Last 30 days, by day (UTC)"
              counts={statistics.last_30_days}
              of={statistics.days}
            />
          </div>
          <Latest latest={statistics.latest} />
        </div>
      )}
    </Loaded>
  );
}

type StretchProps = { title: string; counts: Statistics['last_24_hours']; of: Statistics['hours'] };

function Stretch({ title, counts, of }: StretchProps) {
  const series: Series[] = [
    { label: 'Attempts', color: 'bad', kind: 'bars', values: of.map(({ attempts }) => attempts) },
    { label: 'Delivered', color: 'ok', kind: 'bars', values: of.map(({ delivered }) => delivered) },
    { label: 'p95', color: 'accent', kind: 'line', unit: 'ms', values: of.map(({ p95_ms: p95 }) => p95) },
  ];
  return (
    <Panel title={title}>
      <dl className="figures">
        <div>
          <dt>Success</dt>
          <dd>{successText(counts)}</dd>
        </div>
        <div>
          <dt>Attempts</dt>
          <dd>{formatCount(counts.attempts)}</dd>
        </div>
        <div>
          <dt>Latency p50 / p95</dt>
          <dd>{latencyText(counts)}</dd>
        </div>
      </dl>
      {counts.attempts === 0 ? (
        <Empty title="No attempt in this time." />
      ) : (
        <Chart title={title} times={of.map(({ at }) => at)} series={series} />
      )}
    </Panel>
  );
}

const COLUMNS: readonly Column<Statistics['latest'][number]>[] = [
  { title: 'When', cell: ({ started_at: at }) => <Time at={at} /> },
  { title: 'Postback', cell: ({ delivery_id: id }) => <Id id={id} /> },
  { title: 'Try', end: true, cell: ({ number }) => number },
  {
    title: 'Answer',
    cell: ({ status_code: status, error_class: error }) => (
      <Badge tone={error === null ? 'good' : 'bad'}>{status ?? reasonText(error ?? '')}</Badge>
    ),
  },
  { title: 'Took', end: true, cell: ({ duration_ms: ms }) => duration(ms) },
];

function Latest({ latest }: { latest: Statistics['latest'] }) {
  return (
    <Panel title="Latest attempts" about="of its latest postbacks; the newest at the right" bare>
      <div className="panel-body">
        <LatestStrip latest={latest} />
      </div>
      <Table
        caption="Latest attempts"
        columns={COLUMNS}
        rows={latest.slice(0, SHOWN)}
        keyOf={({ delivery_id: id, number }) => `${id} ${number}`}
        empty={null}
      />
    </Panel>
  );
}
