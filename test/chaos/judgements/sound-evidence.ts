// Evidence of a small run in which every promise was kept, for tests that spoil one thing of it.
import type { Arrival, DeliverySeen, Evidence } from '../records.ts';

const AT = Date.parse('2026-11-30T10:00:00Z');
export const OWN = '/op0/own';
export const AFFILIATE = '/op0/A';
export const DEAD = '/op0/dead';

/** When something happened, in milliseconds after the beginning. */
export const at = (ms: number): number => AT + ms;

export function arrival(fields: Partial<Arrival> & Pick<Arrival, 'id'>): Arrival {
  const receivedAt = fields.receivedAt ?? at(1000);
  return {
    attempt: 1,
    path: AFFILIATE,
    type: 'conversion.created',
    eventId: 'evt_1',
    conversionId: 'evt_1',
    affiliateId: 'aff_A',
    via: null,
    payout: '200.00',
    payoutDelta: '200.00',
    currency: 'USD',
    receivedAt,
    answeredAt: receivedAt + 5,
    status: 200,
    ...fields,
  };
}

/** The chargeback of the conversion. */
const reversed = (id: string, path: string): Arrival =>
  arrival({
    id,
    path,
    type: 'conversion.reversed',
    eventId: 'evt_2',
    payout: '0.00',
    payoutDelta: '-200.00',
    receivedAt: at(2000),
  });

export const delivery = (
  id: string,
  endpointId: string,
  fields: Partial<DeliverySeen> = {},
): DeliverySeen => ({
  id,
  endpoint_id: endpointId,
  event_id: 'evt_1',
  type: 'conversion.created',
  state: 'delivered',
  owner: null,
  next_reason: null,
  last_error: null,
  pause_reason: null,
  predecessor_id: null,
  replay_id: null,
  ...fields,
});

/**
 * A first deposit and its chargeback, told to the affiliate and to the operator; a third endpoint
 * is dead and has both unfinished. A worker was killed for two seconds from 10 s on.
 */
export function soundEvidence(): Evidence {
  const call = { operator: 0, request: 'POST /v1/events', tries: 1, startedAt: at(0), endedAt: at(20) };
  const dead = { state: 'retrying', owner: 'endpoint', last_error: 'http_503' };
  const waiting = {
    state: 'pending',
    owner: 'predecessor',
    predecessor_id: 'dlv_5',
    next_reason: 'after the earlier one',
  };
  return {
    calls: [
      { ...call, event: 'ftd t-1', status: 202, id: 'evt_1' },
      { ...call, event: 'ftd t-1', status: 200, id: 'evt_1' },
      { ...call, event: 'chargeback x-1', status: 202, id: 'evt_2' },
    ],
    arrivals: [
      arrival({ id: 'dlv_1' }),
      arrival({ id: 'dlv_2', path: OWN }),
      arrival({ id: 'dlv_5', path: DEAD, status: 503 }),
      reversed('dlv_3', AFFILIATE),
      reversed('dlv_4', OWN),
    ],
    disturbances: [{ kind: 'kill', target: 'worker-1', from: at(10_000), until: at(12_000) }],
    operators: [
      {
        number: 0,
        endpoints: [
          { id: 'ep_own', path: OWN, affiliateId: null, isDead: false },
          { id: 'ep_A', path: AFFILIATE, affiliateId: 'aff_A', isDead: false },
          { id: 'ep_dead', path: DEAD, affiliateId: 'aff_A', isDead: true },
        ],
        events: [
          {
            id: 'evt_1',
            status: 'settled',
            event: { event: 'ftd', transaction_id: 't-1' },
            attribution: { affiliate_id: 'aff_A' },
          },
          {
            id: 'evt_2',
            status: 'settled',
            event: { event: 'chargeback', transaction_id: 'x-1' },
            attribution: null,
          },
        ],
        deliveries: [
          delivery('dlv_1', 'ep_A'),
          delivery('dlv_2', 'ep_own'),
          delivery('dlv_3', 'ep_A', { event_id: 'evt_2' }),
          delivery('dlv_4', 'ep_own', { event_id: 'evt_2' }),
          delivery('dlv_5', 'ep_dead', dead),
          delivery('dlv_6', 'ep_dead', { event_id: 'evt_2', ...waiting }),
        ],
        attempts: {},
        balances: [{ affiliateId: 'aff_A', currency: 'USD', sum: '0.00' }],
        stuck: [{ endpointId: 'ep_dead', count: 1, reason: 'http_503' }],
      },
    ],
  };
}
