// Refusals of actions on a delivery: whether it can be retried, and why not. Pure.
import type { DeliveryState, Owner } from './deliveries.ts';
import type { EndpointState } from './endpoints.ts';

/** Why an action on a delivery is refused; codes of the API's errors. */
export type Refusal =
  | 'not_found'
  | 'already_delivered'
  | 'already_given_up'
  | 'cancelled'
  | 'not_given_up'
  | 'without_workflow'
  | 'endpoint_deleted'
  | 'endpoint_disabled'
  | 'endpoint_paused'
  | 'waits_for_predecessor';

/** A refused action. `waitsFor`: the delivery that must be finished first. */
export type Refused = { kind: 'refused'; refusal: Refusal; waitsFor?: string };

/**
 * A delivery that a person wants tried now. `isBeingSent`: an attempt is under way. `waitsFor`: an
 * unfinished delivery about the same conversion that it must follow.
 */
export type Retryable = {
  state: DeliveryState;
  owner: Owner | null;
  isBeingSent: boolean;
  waitsFor: string | null;
  endpoint: { state: EndpointState; isDeleted: boolean };
};

/** `under_way`: an attempt is being made, and answers the wish; a second one would be a double. */
export function judgeRetry(delivery: Retryable): 'possible' | 'under_way' | Refused {
  const { state, owner, isBeingSent, waitsFor, endpoint } = delivery;
  const refused = (refusal: Refusal): Refused => ({ kind: 'refused', refusal });
  if (state === 'delivered') return refused('already_delivered');
  if (isBeingSent || owner === 'batch') return 'under_way';
  if (endpoint.isDeleted) return refused('endpoint_deleted');
  if (state === 'cancelled') return refused('cancelled');
  if (endpoint.state !== 'active') return refused(`endpoint_${endpoint.state}`);
  if (waitsFor !== null) return { ...refused('waits_for_predecessor'), waitsFor };
  return 'possible';
}
