// The audit log: who changed what, and when, with filters by person, resource and thing.
import { Link } from 'wouter';
import { FilterBar, SelectFilter, TextFilter, useFilters, type Filters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Badge, Id, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import type { RowOf } from '../../wire/types.ts';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';
import { DownloadList } from '../download-list.tsx';
import { changeText, RESOURCES } from './changes.ts';

type Entry = RowOf<'/v1/audit-log'>;

const BY = [
  ['key', 'A program with its key'],
  ['session', 'A person in the console'],
  ['portal', 'The portal'],
  ['administrator', 'The administrator'],
] as const satisfies readonly (readonly [Entry['by'], string])[];

const COLUMNS: readonly Column<Entry>[] = [
  { title: 'When', cell: ({ at }) => <Time at={at} /> },
  { title: 'Who', cell: (entry) => <Who entry={entry} /> },
  {
    title: 'What',
    cell: ({ method, route }) => (
      <>
        {changeText(method, route)}
        <div className="muted small">
          <code className="break">{`${method} ${route}`}</code>
        </div>
      </>
    ),
  },
  { title: 'Of', cell: ({ subject_id: id }) => (id ? <Id id={id} /> : '–') },
];

/** The key by its name, which leads to all of its changes, and how it was used. */
function Who({ entry }: { entry: Entry }) {
  const { by, key_id: key, key_name: name, affiliate_id: affiliate } = entry;
  return (
    <>
      {key === null ? (
        'the administrator'
      ) : (
        <Link className="break" href={`/audit-log?key_id=${key}`} title={key}>
          {name ?? key}
        </Link>
      )}
      {by !== 'key' && by !== 'administrator' && (
        <div>
          <Badge tone="off">{by}</Badge>
        </div>
      )}
      {affiliate && (
        <div className="small">
          <AffiliateLink id={affiliate} />
        </div>
      )}
    </>
  );
}

export function Page() {
  const filters = useFilters(['by', 'resource', 'key_id', 'subject_id']);
  const mayManage = useMay('manage');
  return (
    <PageFrame
      title="Audit log"
      about="Who changed what, in the last 24 months. Events and clicks that were sent are not changes."
    >
      <FilterBar filters={filters}>
        <SelectFilter filters={filters} name="by" label="Who" options={BY} />
        <SelectFilter
          filters={filters}
          name="resource"
          label="What"
          options={RESOURCES.map((name) => [name, name.replaceAll('-', ' ')] as const)}
        />
        <TextFilter filters={filters} name="key_id" label="Key" hint="key_…" />
        <TextFilter filters={filters} name="subject_id" label="Of" hint="ep_…, aff_…, evt_…" />
      </FilterBar>
      <Panel
        title="Changes"
        actions={mayManage && <DownloadList path="/v1/audit-log" query={filters.values} />}
        bare
      >
        {mayManage ? (
          <Entries filters={filters} />
        ) : (
          <Empty title="This key may not read the log.">Sign in with one that has the scope manage.</Empty>
        )}
      </Panel>
    </PageFrame>
  );
}

function Entries({ filters }: { filters: Filters }) {
  const query = filters.values as { by?: Entry['by'] };
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/audit-log',
    { params: { query: { ...query, limit: 50 } } },
    paged,
  );
  return (
    <List
      caption="Changes"
      one="change"
      pages={pages}
      columns={COLUMNS}
      filters={filters}
      empty={<Empty title="Nothing was changed yet." />}
    />
  );
}
