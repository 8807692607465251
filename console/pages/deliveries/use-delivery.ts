// A postback with its attempts, read again until it is finished.
import { api } from '../../wire/client.ts';

const LIVE_MS = 3000;

export function useDelivery(id: string) {
  return api.useQuery(
    'get',
    '/v1/deliveries/{id}',
    { params: { path: { id } } },
    { refetchInterval: ({ state: { data } }) => (data?.finished_at == null ? LIVE_MS : false) },
  );
}
