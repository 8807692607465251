// Finds the deliveries of a list by its filter, along the index that leads to the fewest.
import { DELIVERY_STATES, type DeliveryState } from '../../domain/delivery/deliveries.ts';
import { lookThrough, type Looked, type Order } from '../db/look-through.ts';
import type { Page } from '../db/page.ts';
import { allOf, parametersOf, type Parameter } from '../db/parameters.ts';
import type { Queryable } from '../db/pool.ts';
import { conversionsOf } from '../intake/conversions.ts';
import { stuckSql } from './stuck-condition.ts';

/** Null where a filter is not set. `stuck`: see `stuckSql`. */
export type DeliveryFilter = {
  state: DeliveryState | 'stuck' | null;
  endpointId: string | null;
  affiliateId: string | null;
  /** The affiliate whose endpoint it is for. */
  recipientId: string | null;
  eventId: string | null;
  lastError: string | null;
};

/** The ids of a page of deliveries. */
export async function searchDeliveries(
  db: Queryable,
  operatorId: string,
  filter: DeliveryFilter,
  page: Page,
  order: Order,
): Promise<Looked> {
  const { state, endpointId, affiliateId, recipientId, eventId, lastError } = filter;
  const { values, parameter } = parametersOf(operatorId);
  const chosen = [
    ...(state === 'stuck' ? [stuckSql('r')] : state === null ? [] : [`r.state = ${parameter(state)}`]),
    ...(endpointId === null ? [] : [`r.endpoint_id = ${parameter(endpointId)}`]),
    ...(affiliateId === null ? [] : [`r.affiliate_id = ${parameter(affiliateId)}`]),
    ...(recipientId === null
      ? []
      : [
          `r.endpoint_id = any(array(select id from endpoints where operator_id = $1 and affiliate_id = ${parameter(recipientId)}))`,
        ]),
    ...(lastError === null ? [] : [`r.last_error = ${parameter(lastError)}`]),
  ];
  const rowsAbout = async (event: string): Promise<string[]> => {
    const conversions = parameter(await conversionsAbout(db, operatorId, event));
    const id = parameter(event);
    return [
      `${ROWS} and original_event_id = any(${conversions}) and (event_id = ${id} or original_event_id = ${id})`,
    ];
  };
  const rowsTo = async (): Promise<string[]> => {
    if (state === 'stuck') return [`${ROWS} and ${stuckSql('deliveries')}`];
    const recipient = recipientId ?? affiliateId ?? (await affiliateOf(db, operatorId, endpointId));
    // A delivered one has no error.
    const states = state !== null ? [state] : lastError === null ? null : NOT_DELIVERED;
    return rowsAlong(states, recipient, parameter);
  };
  const rows = eventId === null ? await rowsTo() : await rowsAbout(eventId);
  return await lookThrough(db, { rows, chosen: allOf(chosen), values }, page, { order });
}

const ROWS = `select id, state, owner, endpoint_id, affiliate_id, last_error, created_at, acknowledged_at
  from deliveries where operator_id = $1`;

const NOT_DELIVERED = DELIVERY_STATES.filter((state) => state !== 'delivered');
type NotDelivered = Exclude<DeliveryState, 'delivered'>;

/**
 * Rows to look through for deliveries in these states, or to an affiliate: those of the states
 * where they have an index, since few deliveries are in them.
 */
export function rowsAlong(
  states: readonly DeliveryState[] | null,
  affiliateId: string | null,
  parameter: Parameter,
): string[] {
  if (states !== null && !states.includes('delivered'))
    return states.flatMap((state) => ROWS_IN[state as NotDelivered]);
  return [affiliateId === null ? ROWS : `${ROWS} and affiliate_id = ${parameter(affiliateId)}`];
}

const inState = (state: NotDelivered): string[] => [`${ROWS} and state = '${state}'`];

/** Pending ones are on their way in a batch, which are few, or wait for something. */
const ROWS_IN: Readonly<Record<NotDelivered, readonly string[]>> = {
  pending: [
    `${ROWS} and state = 'pending' and owner = 'batch'`,
    `${ROWS} and state = 'pending' and owner in ('self', 'endpoint', 'predecessor')`,
  ],
  retrying: inState('retrying'),
  held: inState('held'),
  gave_up: inState('gave_up'),
  cancelled: inState('cancelled'),
};

/**
 * The affiliate whose postbacks an endpoint receives; null for the operator's own endpoints, which
 * receive most there is.
 */
export async function affiliateOf(
  db: Queryable,
  operatorId: string,
  endpointId: string | null,
): Promise<string | null> {
  if (endpointId === null) return null;
  const { rows } = await db.query<{ affiliateId: string | null }>(
    `select affiliate_id as "affiliateId" from endpoints where operator_id = $1 and id = $2`,
    [operatorId, endpointId],
  );
  return rows[0]?.affiliateId ?? null;
}

async function conversionsAbout(db: Queryable, operatorId: string, eventId: string): Promise<string[]> {
  const { rows } = await db.query<Parameters<typeof conversionsOf>[2]>(
    `select id, type, reference, subject from events where operator_id = $1 and id = $2`,
    [operatorId, eventId],
  );
  return rows[0] === undefined ? [] : await conversionsOf(db, operatorId, rows[0]);
}
