// Payout runs as a list, a new one, and the account that payouts are paid from.
import { useState } from 'react';
import { Link } from 'wouter';
import { formatCount } from '../../format/money.ts';
import { Button } from '../../parts/button.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { Badge, Money, State, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import { NewRun } from './new-run.tsx';
import { PayoutAccount } from './payout-account.tsx';
import type { Run } from './run-types.ts';

const LIVE_MS = 3000;

const COLUMNS: readonly Column<Run>[] = [
  {
    title: 'Run',
    cell: ({ id, dry_run: isDryRun, currency }) => (
      <span className="row">
        <Link href={`/payout-runs/${id}`}>{isDryRun ? `Dry run in ${currency}` : `Run in ${currency}`}</Link>
        {isDryRun && <Badge tone="off">pays nobody</Badge>}
      </span>
    ),
  },
  { title: 'State', cell: ({ state }) => <State of={state} /> },
  {
    title: 'Affiliates',
    end: true,
    cell: ({ done, total }) => `${formatCount(done)} of ${formatCount(total)}`,
  },
  { title: 'Payouts', end: true, cell: ({ created }) => formatCount(created) },
  {
    title: 'Comes to',
    end: true,
    cell: ({ amount, currency }) => <Money amount={amount} currency={currency} />,
  },
  {
    title: 'Minimum',
    end: true,
    cell: ({ minimum, currency }) => <Money amount={minimum} currency={currency} />,
  },
  { title: 'Began', cell: ({ created_at: at }) => <Time at={at} /> },
];

export function Page() {
  const [isAsked, ask] = useState(false);
  const mayManage = useMay('manage');
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/payout-runs',
    { params: { query: { limit: 50 } } },
    { ...paged, refetchInterval: LIVE_MS },
  );
  return (
    <PageFrame
      title="Payout runs"
      about="A run makes a payout for every affiliate for whom enough is payable, in one currency."
      actions={
        mayManage && (
          <Button kind="primary" onClick={() => ask(true)}>
            New run…
          </Button>
        )
      }
    >
      <Panel title="Payout runs" bare>
        <List
          caption="Payout runs"
          one="payout run"
          pages={pages}
          columns={COLUMNS}
          empty={
            <Empty title="There was no payout run yet.">
              Begin with a dry run: it says what would be paid.
            </Empty>
          }
        />
      </Panel>
      <PayoutAccount />
      {isAsked && <NewRun given={{ isDryRun: true }} onClose={() => ask(false)} />}
    </PageFrame>
  );
}
