// The ledger of an affiliate: each of its transfers, the newest first.
import { Empty, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import { api } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { DownloadList } from '../download-list.tsx';
import { TRANSFER_COLUMNS } from '../events/transfers.tsx';

export function Ledger({ id }: { id: string }) {
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/affiliates/{id}/ledger',
    { params: { path: { id }, query: { limit: 50 } } },
    paged,
  );
  return (
    <Panel
      title="Ledger"
      about="Every transfer, with the event, the payout or the person that caused it."
      actions={<DownloadList path={`/v1/affiliates/${id}/ledger`} query={{}} />}
      bare
    >
      <List
        caption="Transfers"
        one="transfer"
        pages={pages}
        columns={TRANSFER_COLUMNS}
        empty={<Empty title="Nothing was posted.">The first commission, or adjustment, is.</Empty>}
      />
    </Panel>
  );
}
