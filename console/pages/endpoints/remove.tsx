// Removing an endpoint, after which its page leads to the list.
import { useLocation } from 'wouter';
import { Confirm } from '../../parts/dialog.tsx';
import { toast } from '../../parts/toasts.tsx';
import { client, refresh } from '../../wire/client.ts';
import { nameOf, type Endpoint } from './condition.tsx';

export function RemoveDialog({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const [, navigate] = useLocation();
  const run = async () => {
    await client.DELETE('/v1/endpoints/{id}', { params: { path: { id: endpoint.id } } });
    navigate('/endpoints');
    toast(`${nameOf(endpoint)} is removed.`);
    await refresh();
  };
  return (
    <Confirm
      title={`Remove ${nameOf(endpoint)}`}
      confirm="Remove 1 endpoint"
      kind="danger"
      run={run}
      onClose={onClose}
    >
      <p>
        It is told of nothing any more, and what waits for it is not sent. What was sent to it stays in the
        list of postbacks. To stop for a while, pause it.
      </p>
    </Confirm>
  );
}
