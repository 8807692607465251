// Exchange rates of the operator's own: what waits for one, the list, and a new one.
import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { Button } from '../../parts/button.tsx';
import { FilterBar, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Badge, Id, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import type { RowOf } from '../../wire/types.ts';
import { NewRate } from './new-rate.tsx';
import { wantedIn, WANTED } from './wanted.ts';
import { WaitingForRates } from './waiting.tsx';

type Rate = RowOf<'/v1/fx-rates'>;

const COLUMNS: readonly Column<Rate>[] = [
  { title: 'Pair', cell: ({ base, quote }) => `${base} → ${quote}` },
  { title: 'Rate', end: true, cell: ({ rate }) => <span className="money">{rate}</span> },
  {
    title: 'From',
    cell: ({ as_of: at }) => (
      <span className="nowrap" title={at}>
        {at.slice(0, 16).replace('T', ' ')} UTC
      </span>
    ),
  },
  {
    title: 'Holds',
    cell: ({ replaced_at: at }) =>
      at === null ? (
        <Badge tone="good">until the next one, at most 31 days</Badge>
      ) : (
        <>
          <Badge tone="off">replaced</Badge> <Time at={at} />
        </>
      ),
  },
  { title: 'Source', cell: ({ source }) => <span className="break">{source}</span> },
  { title: 'Entered', cell: ({ created_at: at }) => <Time at={at} /> },
  { title: 'By the key', cell: ({ added_by: key }) => (key === null ? '–' : <Id id={key} />) },
];

export function Page() {
  const filters = useFilters(['base', 'quote']);
  const [search, setSearch] = useSearchParams();
  const wanted = wantedIn(search.get(WANTED));
  const [isAsked, ask] = useState(false);
  const mayManage = useMay('manage');
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/fx-rates',
    { params: { query: { ...filters.values, limit: 50 } } },
    paged,
  );
  const close = () => {
    ask(false);
    setSearch((before) => [...before].filter(([name]) => name !== WANTED), { replace: true });
  };
  return (
    <PageFrame
      title="Exchange rates"
      about="Your own. An event is converted by the latest rate at or before it that is at most 31 days old."
      actions={
        mayManage && (
          <Button kind="primary" onClick={() => ask(true)}>
            New rate…
          </Button>
        )
      }
    >
      <WaitingForRates />
      <FilterBar filters={filters}>
        <TextFilter filters={filters} name="base" label="Base currency" hint="EUR" />
        <TextFilter filters={filters} name="quote" label="Quote currency" hint="USD" />
      </FilterBar>
      <Panel title="Rates" bare>
        <List
          caption="Rates"
          one="rate"
          pages={pages}
          columns={COLUMNS}
          filters={filters}
          empty={
            <Empty title="There is no rate yet.">
              None is needed as long as events come in the currency of their deal.
            </Empty>
          }
        />
      </Panel>
      {mayManage && (isAsked || wanted) && <NewRate given={wanted ?? {}} onClose={close} />}
    </PageFrame>
  );
}
