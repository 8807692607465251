// Switches the state of an endpoint for a person, by the API or by a signal to its workflow.
import { switched } from '../../domain/delivery/breaker.ts';
import { ENDPOINT_STATES, type EndpointState } from '../../domain/delivery/endpoints.ts';
import { lockHealth, writeHealth } from './endpoint-health.ts';
import { withTransaction, type Pool } from '../db/pool.ts';

/**
 * Returns the state before, which is still the state unless it is one of `from`; null where there
 * is no such endpoint.
 */
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
