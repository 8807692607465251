// Judges that nothing was lost: every event that was taken is known and has an outcome, and every
// postback that is due arrived.
import { isAccepted, type CallRecord, type Evidence, type OperatorSeen, type Violation } from '../records.ts';

const REVERSALS = ['chargeback', 'refund', 'bonus_abuse', 'fraud', 'account_closure', 'chargeback_won'];

export function lost({ calls, arrivals, operators }: Evidence): Violation[] {
  const got = new Set(arrivals.filter(isAccepted).map(({ path, id }) => `${path} ${id}`));
  const told = new Set(
    arrivals.filter(isAccepted).map(({ path, conversionId }) => `${path} ${conversionId}`),
  );
  const sent = calls.filter(({ event }) => event !== null);
  return [
    ...sent.filter(({ status }) => status !== 202 && status !== 200).map(unanswered),
    ...operators.flatMap((operator) => [
      ...unknown(operator, sent),
      ...untold(operator, told),
      ...notArrived(operator, got),
    ]),
  ];
}

const violation = (what: string, ...ids: string[]): Violation => ({ judgement: 'lost', what, ids });

function unanswered({ event, status, tries, operator }: CallRecord): Violation {
  const answer = status === 0 ? 'never answered' : `answered ${status}`;
  return violation(`${event} of operator ${operator} was ${answer} after ${tries} tries`);
}

/** Events that were taken and are not known, or have no outcome. */
function unknown({ number, events }: OperatorSeen, sent: readonly CallRecord[]): Violation[] {
  const statuses = new Map(events.map(({ id, status }) => [id, status]));
  const taken = sent.filter(({ operator, id }) => operator === number && id !== null);
  return [...new Set(taken.map(({ id }) => id!))].flatMap((id) => {
    const status = statuses.get(id);
    if (status === undefined) return violation('an event was taken and is not known', id);
    return status === 'accepted' ? violation('an event was taken and not settled', id) : [];
  });
}

/** Conversions of which an endpoint of their affiliate, or of the operator, never heard. */
function untold({ events, endpoints }: OperatorSeen, told: ReadonlySet<string>): Violation[] {
  const conversions = events.filter(
    ({ status, event }) => status === 'settled' && !REVERSALS.includes(event.event),
  );
  return conversions.flatMap(({ id, attribution }) =>
    endpoints
      .filter(({ isDead, affiliateId }) => !isDead && [null, attribution?.affiliate_id].includes(affiliateId))
      .filter(({ path }) => !told.has(`${path} ${id}`))
      .map((endpoint) => violation('an endpoint never heard of a conversion', id, endpoint.id)),
  );
}

/** Postbacks that count as delivered, or were ended, and that their receiver does not have. */
function notArrived({ deliveries, endpoints }: OperatorSeen, got: ReadonlySet<string>): Violation[] {
  const byId = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]));
  return deliveries.flatMap(({ id, endpoint_id: endpointId, state }) => {
    const endpoint = byId.get(endpointId);
    if (endpoint === undefined || endpoint.isDead || got.has(`${endpoint.path} ${id}`)) return [];
    return violation(`a postback is ${state} and its receiver never had it`, id, endpointId);
  });
}
