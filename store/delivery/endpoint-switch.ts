// Switches the state of an endpoint for a person, by the API or by a signal to its workflow.
import { switched } from '../../domain/delivery/breaker.ts';
import { ENDPOINT_STATES, type EndpointState } from '../../domain/delivery/endpoints.ts';
import { lockHealth, writeHealth } from './endpoint-health.ts';
import { writeNextTurn } from './queue-looks.ts';
import { hurry } from './transitions/endpoints.ts';
import { withTransaction, type Pool } from '../db/pool.ts';

/** A switch from one of these states to another. `reason` is that of a person, in a few words. */
type Switch = { to: EndpointState; from?: readonly EndpointState[]; reason?: string | undefined };

/**
 * `was`: the state before, which is still the state unless it is one of `from`. `singles`: the
 * deliveries that had a workflow of their own and are in the queue now.
 */
type Switched = { was: EndpointState; singles: string[] };

/**
 * Switching to active makes everything that waits due now: a person who does so wants to see it
 * sent. Null where there is no such endpoint.
 */
export async function switchEndpoint(
  pool: Pool,
  operatorId: string,
  endpointId: string,
  { to, from = ENDPOINT_STATES, reason }: Switch,
): Promise<Switched | null> {
  return withTransaction(pool, async (client) => {
    const [found] = await lockHealth(client, [{ operatorId, endpointId }]);
    if (found === undefined) return null;
    const was = found.health.state;
    if (!from.includes(was)) return { was, singles: [] };
    await writeHealth(client, [{ operatorId, endpointId, health: switched(found.health, to, reason) }]);
    await writeNextTurn(client, operatorId, endpointId, { turnAt: null, readBy: null });
    return { was, singles: to === 'active' ? await hurry(client, operatorId, endpointId) : [] };
  });
}
