// Reports: clicks, conversions, first deposits, reversals and commission of up to 92 days, by day,
// affiliate, link or type of event.
import { useState } from 'react';
import { dayIn, spansUntil } from '../../format/days.ts';
import { plain } from '../../format/words.ts';
import {
  DayFilter,
  FilterBar,
  SelectFilter,
  TextFilter,
  useFilters,
  type Filters,
} from '../../parts/filters.tsx';
import { Empty, Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import { SelectField } from '../../parts/form.tsx';
import { Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { AffiliateFilter } from '../affiliates/affiliate-filter.tsx';
import { DownloadList } from '../download-list.tsx';
import { EVENT_TYPES, type EventType } from '../event-types.ts';
import { ByDay } from './by-day.tsx';
import { columnsOf, keyOf } from './report-columns.tsx';
import { GROUPS, type Group } from './report-types.ts';

const LIVE_MS = 60_000;
/** More than a report has days. */
const ALL_DAYS = 200;
const FILTERS = ['group_by', 'from', 'to', 'affiliate_id', 'link_id', 'event'];

export function Page() {
  const filters = useFilters(FILTERS);
  const { group_by: chosen, ...others } = filters.values;
  const group = (chosen ?? 'day') as Group;
  const query = others as { event?: EventType };
  const days = api.useQuery(
    'get',
    '/v1/reports',
    { params: { query: { ...query, group_by: 'day', limit: ALL_DAYS } } },
    { refetchInterval: LIVE_MS },
  );
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/reports',
    { params: { query: { ...query, group_by: group, limit: 100 } } },
    { ...paged, refetchInterval: LIVE_MS, enabled: !days.isError },
  );
  const linkTo = (more: Readonly<Record<string, string>>) =>
    `/reports?${new URLSearchParams({ ...others, ...more }).toString()}`;
  return (
    <PageFrame
      title="Reports"
      about="Everything counts on the day on which it occurred; counted once a minute."
      actions={<DownloadList path="/v1/reports" query={{ ...others, group_by: group }} />}
    >
      <FilterBar filters={filters}>
        <SelectFilter filters={filters} name="group_by" label="By" options={GROUPS} all="Day" />
        <Period filters={filters} timezone={days.data?.timezone} />
        <DayFilter filters={filters} name="from" label="From" />
        <DayFilter filters={filters} name="to" label="To" />
        <AffiliateFilter filters={filters} />
        <TextFilter filters={filters} name="link_id" label="Link" hint="link_…" />
        <SelectFilter
          filters={filters}
          name="event"
          label="Type of event"
          options={EVENT_TYPES.map((type) => [type, plain(type)] as const)}
        />
      </FilterBar>
      <Loaded query={days} of="the report">
        {({ data, from, to, timezone, counted_at: at }) => (
          <>
            <ByDay span={{ from, to }} rows={data} />
            <Panel
              title={`${from} to ${to}`}
              about={
                <>
                  Days of {timezone}. Counted <Time at={at} none="not yet" />.
                </>
              }
              bare
            >
              <List
                caption="Report"
                one="figure"
                pages={pages}
                columns={columnsOf(group, linkTo)}
                keyOf={keyOf}
                empty={<Empty title="Nothing of this kind in these days." />}
              />
            </Panel>
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

const DEFAULT = 'Last 30 days';
const OWN = 'Own days';

/** Sets both days at once. */
function Period({ filters, timezone = 'UTC' }: { filters: Filters; timezone?: string | undefined }) {
  const [now] = useState(Date.now);
  const spans = spansUntil(dayIn(timezone, now));
  const { from = '', to = '' } = filters.values;
  const named = Object.entries(spans).find(([, span]) => span.from === from && span.to === to)?.[0];
  const value = from === '' && to === '' ? DEFAULT : (named ?? OWN);
  const names = [DEFAULT, ...Object.keys(spans), ...(value === OWN ? [OWN] : [])];
  return (
    <SelectField
      label="Period"
      value={value}
      onChange={(name) => name !== OWN && filters.setAll(spans[name] ?? { from: '', to: '' })}
      options={names.map((name) => [name, name] as const)}
    />
  );
}
