// An endpoint with its condition, read again as long as it is shown.
import { api } from '../../wire/client.ts';

const LIVE_MS = 5000;

export function useEndpoint(id: string) {
  return api.useQuery(
    'get',
    '/v1/endpoints/{id}',
    { params: { path: { id } } },
    { refetchInterval: LIVE_MS },
  );
}
