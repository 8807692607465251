// A customer by the operator's own id: whom it belongs to and since when, who had it before, and
// what a person can do about it.
import { useState } from 'react';
import { Link } from 'wouter';
import { Button } from '../../parts/button.tsx';
import { FilterBar, TextFilter, useFilters } from '../../parts/filters.tsx';
import { Empty, Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Facts, Id, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import type { Answer } from '../../wire/types.ts';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';
import { EraseDialog } from './erase.tsx';
import { ReassignDialog } from './reassign.tsx';

type Customer = Answer<'/v1/customers/{customer_id}'>;
type Reassignment = Customer['reassignments'][number];

const COLUMNS: readonly Column<Reassignment>[] = [
  { title: 'To', cell: ({ affiliate_id: id }) => <AffiliateLink id={id} /> },
  { title: 'From', cell: ({ from }) => <Time at={from} /> },
  { title: 'Why', cell: ({ reason }) => <span className="break">{reason}</span> },
  { title: 'By', cell: ({ actor }) => <Id id={actor} /> },
  { title: 'Decided', cell: ({ created_at: at }) => <Time at={at} /> },
];

export function Page() {
  const filters = useFilters(['id']);
  const id = filters.values['id'];
  return (
    <PageFrame title="Customers" about="Whom a customer belongs to. They are known by your own ids.">
      <FilterBar filters={filters}>
        <TextFilter filters={filters} name="id" label="Customer" hint="your own id" />
      </FilterBar>
      {id === undefined ? (
        <Panel title="Customer">
          <Empty title="Enter the id of a customer.">Events lead here too.</Empty>
        </Panel>
      ) : (
        <One key={id} id={id} />
      )}
    </PageFrame>
  );
}

function One({ id }: { id: string }) {
  const [asked, ask] = useState<'reassign' | 'erase' | null>(null);
  const mayManage = useMay('manage');
  const query = api.useQuery('get', '/v1/customers/{customer_id}', { params: { path: { customer_id: id } } });
  const close = () => ask(null);
  return (
    <>
      <Panel
        title={`Customer ${id}`}
        actions={
          mayManage && (
            <>
              <Button onClick={() => ask('reassign')}>Give to another affiliate…</Button>
              <Button kind="danger" onClick={() => ask('erase')}>
                Erase…
              </Button>
            </>
          )
        }
      >
        <Loaded query={query} of="the customer">
          {({ binding }) => <Standing of={binding} />}
        </Loaded>
        <p>
          <Link href={`/events?${new URLSearchParams({ customer_id: id }).toString()}`}>Its events</Link>
        </p>
      </Panel>
      {query.data && query.data.reassignments.length > 0 && (
        <Panel title="Given to others" about="By a person, newest first." bare>
          <Table
            caption="Given to others"
            columns={COLUMNS}
            rows={query.data.reassignments}
            keyOf={(one) => one.id}
            empty={null}
          />
        </Panel>
      )}
      {asked === 'reassign' && <ReassignDialog customerId={id} onClose={close} />}
      {asked === 'erase' && <EraseDialog customerId={id} onClose={close} />}
    </>
  );
}

function Standing({ of: binding }: { of: Customer['binding'] }) {
  if (binding === null) return <p>No event has bound it to an affiliate.</p>;
  return (
    <Facts
      of={[
        ['Belongs to', <AffiliateLink key="affiliate" id={binding.affiliate_id} />],
        ['Since', <Time key="since" at={binding.since} />],
        ['Bound by', <Id key="event" id={binding.event_id} />],
        ['Click', binding.click_id && <Id key="click" id={binding.click_id} />],
      ]}
    />
  );
}
