// The preliminary statement of an open month.
import { useParams, useSearchParams } from 'wouter';
import { Loaded } from '../../parts/layout.tsx';
import { api } from '../../wire/client.ts';
import { pathWith } from '../../wire/download.ts';
import { Statement } from './statement.tsx';

export function Page() {
  const { affiliate } = useParams<{ affiliate: string }>();
  const [search] = useSearchParams();
  const [currency, period] = [search.get('currency') ?? undefined, search.get('period') ?? undefined];
  const query = api.useQuery('get', '/v1/affiliates/{id}/statements/current', {
    params: { path: { id: affiliate }, query: { ...(currency && { currency }), ...(period && { period }) } },
  });
  const path = pathWith(`/v1/affiliates/${affiliate}/statements/current`, { currency, period });
  return (
    <Loaded query={query} of="the statement">
      {(statement) => <Statement of={statement} path={path} />}
    </Loaded>
  );
}
