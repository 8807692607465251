// Deals as a list: for whom each is, and what it pays now; and a new one.
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { counted } from '../../format/money.ts';
import { isId } from '../../format/places.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { FilterBar, useFilters } from '../../parts/filters.tsx';
import { CodeField, TextField, TimeField } from '../../parts/form.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Badge, Time } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import { AffiliateFilter } from '../affiliates/affiliate-filter.tsx';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';
import { AffiliateField } from '../affiliates/pick.tsx';
import { EXAMPLE, inForce, summaryOf, termsIn, textOf, type Deal } from './terms.ts';

const COLUMNS: readonly Column<Deal>[] = [
  { title: 'Deal', cell: ({ id, name }) => <Link href={`/deals/${id}`}>{name}</Link> },
  {
    title: 'For',
    cell: ({ affiliate_id: id }) =>
      id === null ? 'every affiliate without its own' : <AffiliateLink id={id} />,
  },
  {
    title: 'Pays now',
    cell: (deal) => {
      const version = inForce(deal, Date.now());
      return version === null ? (
        <Badge tone="off">{deal.ended_at === null ? 'not yet' : 'ended'}</Badge>
      ) : (
        <span className="break">{summaryOf(version.terms)}</span>
      );
    },
  },
  { title: 'Versions', cell: ({ versions }) => counted(versions.length, 'version') },
  { title: 'Ends', cell: ({ ended_at: at }) => <Time at={at} none="without an end" /> },
  { title: 'Made', cell: ({ created_at: at }) => <Time at={at} /> },
];

export function Page() {
  const filters = useFilters(['affiliate_id']);
  const [isAdding, setAdding] = useState(false);
  const mayManage = useMay('manage');
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/deals',
    { params: { query: { ...filters.values, limit: 50 } } },
    paged,
  );
  return (
    <PageFrame
      title="Deals"
      about="What affiliates are paid for. A deal is never edited: a change is a version, from a time on."
      actions={
        mayManage && (
          <Button kind="primary" onClick={() => setAdding(true)}>
            New deal…
          </Button>
        )
      }
    >
      <FilterBar filters={filters}>
        <AffiliateFilter filters={filters} />
      </FilterBar>
      <Panel title="Deals" bare>
        <List
          caption="Deals"
          one="deal"
          pages={pages}
          columns={COLUMNS}
          filters={filters}
          empty={<Empty title="There is no deal yet.">Without one, events earn nothing.</Empty>}
        />
      </Panel>
      {isAdding && <NewDeal onClose={() => setAdding(false)} />}
    </PageFrame>
  );
}

function NewDeal({ onClose }: { onClose: () => void }) {
  const [, navigate] = useLocation();
  const [name, setName] = useState('');
  const [affiliate, setAffiliate] = useState('');
  const [from, setFrom] = useState('');
  const [text, setText] = useState(textOf(EXAMPLE));
  const read = termsIn(text);
  const run = async () => {
    const { data } = await client.POST('/v1/deals', {
      body: {
        name: name.trim(),
        applies_to: 'events',
        ...(affiliate && { affiliate_id: affiliate }),
        ...(from && { effective_from: from }),
        // The API says what is wrong with them, by path.
        terms: ('terms' in read ? read.terms : {}) as never,
      },
    });
    await refresh();
    navigate(`/deals/${data!.id}`);
  };
  return (
    <Confirm
      title="New deal"
      confirm="Make 1 deal"
      wide
      isReady={name.trim() !== '' && (affiliate === '' || isId(affiliate)) && 'terms' in read}
      run={run}
      onClose={onClose}
    >
      <TextField label="Name" value={name} onChange={setName} />
      <AffiliateField
        value={affiliate}
        onChange={setAffiliate}
        help="Empty: the default, for every affiliate without a deal of its own."
      />
      <TimeField
        label="From"
        value={from}
        onChange={setFrom}
        help="Empty: from the beginning, as long as nothing was settled that it would rate; otherwise from now."
      />
      <CodeField
        label="Terms"
        value={text}
        onChange={setText}
        isWrong={'problem' in read}
        help={'problem' in read ? read.problem : 'As in the API reference: Terms.'}
      />
    </Confirm>
  );
}
