// Orphans: events that no affiliate was found for, and their assignment by hand.
import { useState } from 'react';
import { formatCount } from '../../format/money.ts';
import { reasonText } from '../../format/words.ts';
import { Button } from '../../parts/button.tsx';
import { FilterBar, SelectFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import { EVENT } from '../events/columns.tsx';
import { AssignDialog, type Orphan } from './assign.tsx';
import { DownloadList } from '../download-list.tsx';

type Reason =
  | 'before_click'
  | 'existing_customer'
  | 'affiliate_closed'
  | 'unknown_click'
  | 'unknown_coupon'
  | 'no_evidence'
  | 'unvoided'
  | 'unbound'
  | 'no_conversion';

/** What each reason waits for. */
const REASONS: Readonly<Record<Reason, string>> = {
  no_evidence: 'names no click or coupon, and its customer belongs to nobody',
  unknown_click: 'waits for its click to be reported',
  unknown_coupon: 'waits for its coupon to be made',
  no_conversion: 'waits for the conversion that it takes back',
  before_click: 'occurred before its click: a person may assign it',
  existing_customer: 'its customer was known before: a person may assign it',
  affiliate_closed: 'its affiliate was closed by then: a person may assign it',
  unvoided: 'is settled anew in a moment',
  unbound: 'is attributed anew in a moment',
};

export function Page() {
  const filters = useFilters(['reason']);
  const [assigning, assign] = useState<Orphan | null>(null);
  const query = filters.values as { reason?: Reason };
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/orphans',
    { params: { query: { ...query, limit: 50 } } },
    paged,
  );
  const mayManage = useMay('manage');
  return (
    <PageFrame
      title="Orphans"
      about="Events without an affiliate, or reversals without their conversion. They are kept, and settled when evidence comes."
    >
      <FilterBar filters={filters}>
        <SelectFilter
          filters={filters}
          name="reason"
          label="Reason"
          options={Object.keys(REASONS).map((reason) => [reason, reasonText(reason)] as const)}
        />
      </FilterBar>
      <Panel
        title="Orphans"
        about={countsText(pages.data?.pages[0]?.counts ?? {})}
        actions={<DownloadList path="/v1/orphans" query={filters.values} />}
        bare
      >
        <List
          caption="Orphans"
          one="orphan"
          pages={pages}
          columns={[...COLUMNS, ...(mayManage ? [actions(assign)] : [])]}
          filters={filters}
          empty={<Empty title="There is no orphan.">Every event found its affiliate.</Empty>}
        />
      </Panel>
      {assigning && <AssignDialog orphan={assigning} onClose={() => assign(null)} />}
    </PageFrame>
  );
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([reason, count]) => `${formatCount(count)} × ${reasonText(reason)}`)
    .join(', ');
}

const COLUMNS: readonly Column<Orphan>[] = [
  EVENT.id,
  EVENT.type,
  EVENT.transaction,
  EVENT.customer,
  EVENT.amount,
  {
    title: 'Why',
    cell: ({ reason = '' }) => (
      <>
        {reasonText(reason)}
        <div className="muted small">{REASONS[reason as Reason]}</div>
      </>
    ),
  },
  EVENT.occurred,
];

/** A reversal without its conversion belongs to whoever has the conversion. */
const actions = (assign: (orphan: Orphan) => void): Column<Orphan> => ({
  title: 'Actions',
  hidden: true,
  end: true,
  cell: (orphan) =>
    orphan.reason === 'no_conversion' ? null : (
      <Button aria-label={`Assign ${orphan.id}`} onClick={() => assign(orphan)}>
        Assign…
      </Button>
    ),
});
