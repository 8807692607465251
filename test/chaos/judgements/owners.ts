// Judges what is unfinished: each postback has one owner and a reason, waits at a dead endpoint,
// and is counted once in the list of what is stuck.
import type { DeliverySeen, Evidence, OperatorSeen, Violation } from '../records.ts';

const OWNERS = ['batch', 'self', 'endpoint', 'predecessor'];
const UNFINISHED = ['pending', 'retrying', 'held'];

export function owners({ operators }: Evidence): Violation[] {
  return operators.flatMap((operator) => {
    const open = operator.deliveries.filter(({ state }) => UNFINISHED.includes(state));
    const ids = new Set(open.map(({ id }) => id));
    return [
      ...open.flatMap((delivery) => judge(delivery, ids, operator)),
      ...operator.deliveries
        .filter(({ state, owner }) => !UNFINISHED.includes(state) && owner !== null)
        .map(({ id, owner }) => violation(`it is finished and still has the owner ${owner}`, id)),
      ...miscounted(operator),
    ];
  });
}

const violation = (what: string, ...ids: string[]): Violation => ({ judgement: 'owners', what, ids });

function judge(delivery: DeliverySeen, open: ReadonlySet<string>, { endpoints }: OperatorSeen): Violation[] {
  const { id, owner, endpoint_id: endpointId, predecessor_id: predecessor } = delivery;
  const found: Violation[] = [];
  if (owner === null || !OWNERS.includes(owner)) found.push(violation(`its owner is ${owner}`, id));
  if (owner === 'predecessor' && !open.has(predecessor ?? ''))
    found.push(violation('it waits for a postback that is finished', id, predecessor ?? ''));
  if ((delivery.next_reason ?? delivery.last_error ?? delivery.pause_reason) === null)
    found.push(violation('it waits without a reason', id));
  if (!endpoints.some((endpoint) => endpoint.id === endpointId && endpoint.isDead))
    found.push(violation('it waits at an endpoint that works', id, endpointId));
  return found;
}

/** `/v1/stuck` counts what was tried or is held, and what was given up. */
function miscounted({ deliveries, endpoints, stuck }: OperatorSeen): Violation[] {
  const isStuck = ({ state }: DeliverySeen) => ['retrying', 'held', 'gave_up'].includes(state);
  return endpoints.flatMap(({ id }) => {
    const count = deliveries.filter((delivery) => delivery.endpoint_id === id && isStuck(delivery)).length;
    const said = stuck.filter(({ endpointId }) => endpointId === id);
    const inAll = said.reduce((sum, group) => sum + group.count, 0);
    if (inAll !== count) return violation(`${count} postbacks are stuck, the list says ${inAll}`, id);
    return said.some(({ reason }) => reason === '') ? violation('stuck without a reason', id) : [];
  });
}
