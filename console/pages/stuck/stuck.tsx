// Stuck postbacks in groups, by endpoint or by reason, with actions on all of a group.
import { useState } from 'react';
import { Link } from 'wouter';
import { counted, formatCount } from '../../format/money.ts';
import { reasonText } from '../../format/words.ts';
import { FilterBar, NoneFits, SelectFilter, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Badge, Outside, Sums, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import type { Answer } from '../../wire/types.ts';
import { AffiliateFilter } from '../affiliates/affiliate-filter.tsx';
import { nameOf as nameOfEndpoint } from '../endpoints/condition.tsx';
import { ActDialog, Actions, type Ask, type Asked, type Choice, type Target } from './actions.tsx';
import { RecentActions } from './recent-actions.tsx';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';
import { DownloadList } from '../download-list.tsx';

type Stuck = Answer<'/v1/stuck'>;
type Group = Stuck['data'][number];
type Query = {
  group?: 'endpoint' | 'reason';
  order?: 'oldest' | 'count';
  state?: 'retrying' | 'held' | 'gave_up';
  affiliate_id?: string;
  endpoint_id?: string;
  reason?: string;
};

const LIVE_MS = 5000;
const FILTERS = ['group', 'order', 'state', 'reason', 'affiliate_id', 'endpoint_id'];

export function Page() {
  const filters = useFilters(FILTERS);
  const query = filters.values as Query;
  const [asked, ask] = useState<Asked | null>(null);
  const stuck = api.useQuery(
    'get',
    '/v1/stuck',
    { params: { query: { ...query, limit: 200 } } },
    { refetchInterval: LIVE_MS },
  );
  return (
    <PageFrame
      title="Stuck"
      about="Postbacks that did not arrive yet: being retried, held back, or given up and not acknowledged."
    >
      <FilterBar filters={filters}>
        <SelectFilter
          filters={filters}
          name="group"
          label="Group by"
          all="Endpoint"
          options={[['reason', 'Reason']]}
        />
        <SelectFilter
          filters={filters}
          name="order"
          label="Order"
          all="Oldest first"
          options={[['count', 'Most first']]}
        />
        <SelectFilter
          filters={filters}
          name="state"
          label="State"
          options={[
            ['retrying', 'Retrying'],
            ['held', 'Held'],
            ['gave_up', 'Gave up'],
          ]}
        />
        <TextFilter filters={filters} name="reason" label="Reason" hint="http_404" />
        <AffiliateFilter filters={filters} />
      </FilterBar>
      <Loaded query={stuck} of="what is stuck">
        {(data) => <Groups stuck={data} query={query} ask={ask} />}
      </Loaded>
      <RecentActions />
      {asked && <ActDialog {...asked} onClose={() => ask(null)} />}
    </PageFrame>
  );
}

/** As many as the API gives; a group has all postbacks of an endpoint, or of a reason. */
const ALL_GROUPS = '200';

type GroupsProps = { stuck: Stuck; query: Query; ask: Ask };

function Groups({ stuck: { data, total }, query, ask }: GroupsProps) {
  const byReason = query.group === 'reason';
  const chosen = choiceOf(query);
  const isFiltered = Object.keys(chosen).length > 0;
  const all: Target = {
    name: isFiltered ? 'all of this list' : 'everything',
    count: total.count,
    endpoints: byReason ? null : total.groups,
    notTold: total.not_told,
    choice: isFiltered ? chosen : { all: true },
  };
  return (
    <Panel
      title={
        total.count === 0
          ? 'Nothing'
          : `${counted(total.count, 'postback')} in ${counted(total.groups, 'group')}`
      }
      about={
        total.not_told.length > 0 && (
          <>
            not told yet: <Sums of={total.not_told} />
          </>
        )
      }
      actions={
        <>
          {total.count > 0 && <Actions target={all} label={all.name} ask={ask} />}
          <DownloadList path="/v1/stuck" query={{ ...query, limit: ALL_GROUPS }} />
        </>
      }
      bare
    >
      <Table
        caption="Stuck postbacks"
        columns={columns(byReason, chosen, ask)}
        rows={data}
        keyOf={({ endpoint, reason }) => endpoint?.id ?? reason}
        empty={isFiltered ? <NoneFits one="stuck postback" /> : <NothingStuck />}
      />
    </Panel>
  );
}

function NothingStuck() {
  return (
    <Empty title="Nothing is stuck.">
      Every postback arrived, or is on its way for the first time. Those given up and acknowledged are among
      the <Link href="/deliveries?state=gave_up">postbacks</Link>.
    </Empty>
  );
}

function choiceOf({ state, affiliate_id, endpoint_id, reason }: Query): Choice {
  return {
    ...(state && { state }),
    ...(affiliate_id && { affiliate_id }),
    ...(endpoint_id && { endpoint_id }),
    ...(reason && { reason }),
  };
}

function columns(byReason: boolean, chosen: Choice, ask: Ask): Column<Group>[] {
  const own = ({ endpoint, reason }: Group): Choice =>
    endpoint ? { ...chosen, endpoint_id: endpoint.id } : { ...chosen, reason };
  const target = (group: Group): Target => ({
    name: nameOf(group),
    count: group.count,
    endpoints: group.endpoints,
    notTold: group.not_told,
    choice: own(group),
  });
  return [
    ...(byReason ? [] : [{ title: 'Endpoint', cell: EndpointCell }]),
    { title: 'Reason', cell: Reasons },
    {
      title: 'Postbacks',
      end: true,
      cell: (group) => <Link href={listOf(own(group))}>{formatCount(group.count)}</Link>,
    },
    { title: 'Not told', end: true, cell: ({ not_told: sums }) => <Sums of={sums} /> },
    { title: 'Oldest', cell: ({ oldest_at: at }) => <Time at={at} /> },
    { title: 'Next try', cell: NextTry },
    {
      title: 'Actions',
      hidden: true,
      end: true,
      cell: (group) => <Actions target={target(group)} label={nameOf(group)} ask={ask} />,
    },
  ];
}

function nameOf({ endpoint, reason }: Group): string {
  return endpoint ? nameOfEndpoint(endpoint) : reasonText(reason);
}

/** The list of the same postbacks. It has no filter for reasons that are no error. */
function listOf({ endpoint_id: endpoint, affiliate_id: affiliate, reason }: Choice): string {
  const search = new URLSearchParams({ state: 'stuck', order: 'oldest' });
  if (endpoint) search.set('endpoint_id', endpoint);
  if (affiliate) search.set('affiliate_id', affiliate);
  if (reason && !WITHOUT_ERROR.test(reason)) search.set('last_error', reason);
  return `/deliveries?${search.toString()}`;
}

const WITHOUT_ERROR = /^(endpoint_|paused$|queued$|given_up$)/;

function EndpointCell(group: Group) {
  const { endpoint, affiliate } = group;
  if (!endpoint) return null;
  return (
    <>
      <Link href={`/endpoints/${endpoint.id}`} title={endpoint.url}>
        {nameOf(group)}
      </Link>
      <div className="muted small">
        {affiliate ? <AffiliateLink id={affiliate.id} name={affiliate.name} /> : 'own webhook'}
      </div>
    </>
  );
}

function Reasons({ reasons, endpoints, endpoint }: Group) {
  return (
    <>
      <div className="row">
        {reasons.map(({ reason, count }) => (
          <span key={reason} title={reason}>
            <Badge tone={reason.startsWith('endpoint_') || reason === 'paused' ? 'warn' : 'bad'}>
              {reasonText(reason)}
              {reasons.length > 1 && ` × ${formatCount(count)}`}
            </Badge>
          </span>
        ))}
      </div>
      {!endpoint && <div className="muted small">{counted(endpoints, 'endpoint')}</div>}
    </>
  );
}

function NextTry({ next_attempt_at: at, reasons, workflow_url: url }: Group) {
  return (
    <>
      <Time
        at={at}
        isDue
        none={reasons[0]?.reason.startsWith('endpoint_') ? 'when it is resumed' : 'only by a person'}
      />
      {url && (
        <div className="small">
          <Outside href={url}>Temporal</Outside>
        </div>
      )}
    </>
  );
}
