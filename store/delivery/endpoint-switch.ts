// Switching an endpoint by hand, whether by the API's buttons or by its workflow's signals: one way for both.
import { switched } from '../../domain/delivery/breaker.ts';
import { ENDPOINT_STATES, type EndpointState } from '../../domain/delivery/endpoints.ts';
import { lockHealth, writeHealth } from './endpoint-health.ts';
import { withTransaction, type Pool } from '../db/pool.ts';

/** The state an endpoint was in, which is still its state unless it is one of `from`; null when there is no such endpoint. */
export async function switchEndpoint(
  pool: Pool,
  operatorId: string,
  endpointId: string,
  to: EndpointState,
  from: readonly EndpointState[] = ENDPOINT_STATES,
): Promise<EndpointState | null> {
  return withTransaction(pool, async (client) => {
    const [found] = await lockHealth(client, [{ operatorId, endpointId }]);
    if (found === undefined) return null;
    if (from.includes(found.health.state)) {
      await writeHealth(client, [{ operatorId, endpointId, health: switched(found.health, to) }]);
    }
    return found.health.state;
  });
}
