// Queue of accepted events that wait for a batch, by operator. A batch takes an equal share from
// every operator, so that a burst of one delays no other.
import type { OperatorEvents } from '../../workflows/contract.ts';

type WaitingEvents = {
  count(): number;
  add(events: readonly { operatorId: string; id: string }[]): void;
  /**
   * Takes at most `atMost` ids. Every operator gets an equal share; unused shares go to the others.
   */
  take(atMost: number): OperatorEvents[];
};

export function createWaitingEvents(): WaitingEvents {
  /**
   * In order of service: operators served last come last, which matters with more operators than
   * places.
   */
  const queues = new Map<string, string[]>();
  let count = 0;

  function sharesOf(atMost: number): Map<string, number> {
    const shares = new Map<string, number>();
    let left = Math.min(atMost, count);
    let unsated = [...queues];
    while (left > 0) {
      const share = Math.max(1, Math.floor(left / unsated.length));
      for (const [operatorId, ids] of unsated) {
        const has = shares.get(operatorId) ?? 0;
        const more = Math.min(share, ids.length - has, left);
        if (more > 0) shares.set(operatorId, has + more);
        left -= more;
      }
      unsated = unsated.filter(([operatorId, ids]) => ids.length > (shares.get(operatorId) ?? 0));
    }
    return shares;
  }

  return {
    count: () => count,
    add(events) {
      for (const { operatorId, id } of events) {
        const queue = queues.get(operatorId);
        if (queue) queue.push(id);
        else queues.set(operatorId, [id]);
      }
      count += events.length;
    },
    take(atMost) {
      return [...sharesOf(atMost)].map(([operatorId, share]) => {
        const queue = queues.get(operatorId)!;
        const eventIds = queue.splice(0, share);
        count -= share;
        queues.delete(operatorId);
        if (queue.length > 0) queues.set(operatorId, queue);
        return { operatorId, eventIds };
      });
    },
  };
}
