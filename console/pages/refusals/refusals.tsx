// Refused requests: how many by reason and address, and samples of them.
import { formatCount } from '../../format/money.ts';
import { plain } from '../../format/words.ts';
import { FilterBar, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Id, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import type { Answer, RowOf } from '../../wire/types.ts';
import { DownloadList } from '../download-list.tsx';

type Refusal = RowOf<'/v1/refusals'>;
type Counts = Answer<'/v1/refusals'>['counts'];

const COLUMNS: readonly Column<Refusal>[] = [
  { title: 'When', cell: ({ refused_at: at }) => <Time at={at} /> },
  { title: 'Reason', cell: ({ reason }) => plain(reason) },
  {
    title: 'Field',
    cell: ({ issue }) => (issue ? <code>{`${issue.path ?? ''} ${issue.code}`.trim()}</code> : '–'),
  },
  { title: 'Request', cell: ({ method, path }) => <code className="break">{`${method} ${path}`}</code> },
  { title: 'Address', cell: ({ address }) => <span className="mono">{address}</span> },
  { title: 'Key', cell: ({ api_key_id: id }) => <Id id={id} /> },
];

export function Page() {
  const filters = useFilters(['reason', 'address']);
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/refusals',
    { params: { query: { ...filters.values, limit: 50 } } },
    paged,
  );
  return (
    <PageFrame
      title="Refusals"
      about="Requests with your keys that were not accepted in the last day, and why."
    >
      <FilterBar filters={filters}>
        <TextFilter filters={filters} name="reason" label="Reason" hint="invalid_request" />
        <TextFilter filters={filters} name="address" label="Address" hint="203.0.113.7" />
      </FilterBar>
      {pages.data?.pages[0] && <Totals counts={pages.data.pages[0].counts} />}
      <Panel title="Samples" actions={<DownloadList path="/v1/refusals" query={filters.values} />} bare>
        <List
          caption="Refused requests"
          one="refusal"
          pages={pages}
          columns={COLUMNS}
          filters={filters}
          empty={<Empty title="Nothing was refused." />}
        />
      </Panel>
    </PageFrame>
  );
}

function Totals({ counts: { total, by_reason: reasons, by_address: addresses, from } }: { counts: Counts }) {
  if (total === 0) return null;
  return (
    <div className="columns">
      <Panel
        title={`${formatCount(total)} by reason`}
        about={
          <>
            since <Time at={from} />
          </>
        }
        bare
      >
        <Table
          caption="By reason"
          columns={[
            { title: 'Reason', cell: ({ reason }: (typeof reasons)[number]) => plain(reason) },
            { title: 'Requests', end: true, cell: ({ count }) => formatCount(count) },
          ]}
          rows={reasons}
          keyOf={({ reason }) => reason}
          empty={null}
        />
      </Panel>
      <Panel title="By address" bare>
        <Table
          caption="By address"
          columns={[
            { title: 'Address', cell: ({ address }: (typeof addresses)[number]) => address },
            { title: 'Requests', end: true, cell: ({ count }) => formatCount(count) },
          ]}
          rows={addresses}
          keyOf={({ address }) => address}
          empty={null}
        />
      </Panel>
    </div>
  );
}
