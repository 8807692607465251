// Settles events outside intake, with the orphans of customers that they bind.
import { newId } from '../../store/db/ids.ts';
import type { OperatorEvents } from '../../workflows/contract.ts';
import type { HandOverActivities } from '../delivery/hand-over.ts';
import type { SettleActivities } from './settle.ts';

/**
 * Returns a function that settles events, and then the orphans of the customers that they bound;
 * the endpoints' queues send their postbacks. It returns the number of settled events.
 */
export function createSettleFully({ settle, handOver }: SettleActivities & HandOverActivities) {
  return async (events: OperatorEvents[]): Promise<number> => {
    let settled = 0;
    for (let operators = events; operators.length > 0;) {
      const batchId = newId('bat');
      const { endpointsToWake, setAside, matched } = await settle({ batchId, operators, owner: 'endpoint' });
      await handOver({ batchId, operators, endpointsToWake, setAside });
      settled += operators.reduce((sum, { eventIds }) => sum + eventIds.length, 0);
      operators = matched;
    }
    return settled;
  };
}
