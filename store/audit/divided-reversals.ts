// Audits reversals that divide an amount among the conversions of a customer: recomputes each share
// over all of the customer's events, and compares it with the facts.
import type { SlotFact } from '../../domain/commission/slot-facts.ts';
import type { FxRate } from '../../domain/ledger/fx.ts';
import { effectsOf, spreadAmong, type Reversible } from '../../domain/settlement/reversal-effects.ts';
import { knownOf } from '../../domain/settlement/settlement.ts';
import { namesChargeback } from '../../domain/commission/reversals.ts';
import { isConversion, NEGATIVE_EVENTS, REINSTATING_EVENT } from '../../domain/types.ts';
import { sqlList } from '../db/sql-list.ts';
import { inForce } from '../ledger/facts-in-force.ts';
import type { LoadedEvent } from '../settlement/event-rows.ts';
import { findOthers, findWins, loadEvents } from '../settlement/load-events.ts';
import type { Audited, Finding } from './context.ts';
import { epochMs } from '../db/epoch-ms.ts';

/** Customers (or clicks, where no customer is known) of reversals that may divide an amount. */
const SUBJECTS = `
  select distinct subject_of(e.operator_id, e.customer_id, e.click_id) as subject
  from events e
  where e.operator_id = $1 and e.reference is null and e.type in ${sqlList(NEGATIVE_EVENTS)}
    and (e.amount_minor is not null or exists (select from events w
      where w.operator_id = $1 and w.reference = e.key and w.type = '${REINSTATING_EVENT}'
        and w.amount_minor is not null))`;

export async function* dividedReversals(audited: Audited): AsyncGenerator<Finding> {
  const { client, operatorId } = audited;
  const { rows } = await client.query<{ subject: string }>(SUBJECTS, [operatorId]);
  for (const { subject } of rows) yield* ofSubject(audited, subject);
}

async function* ofSubject(audited: Audited, subject: string): AsyncGenerator<Finding> {
  const { deals, currency } = audited;
  const events = await eventsOf(audited, subject);
  const known = knownOf(events);
  const facts = await factsOf(
    audited,
    known.conversions.map(({ event }) => event.id),
  );
  const divided = new Set(spreadAmong(known.reversals).map(({ event }) => event.id));
  const isDivided = (id: string): boolean =>
    divided.has(id) ||
    known.reversals.some(
      ({ event }) =>
        event.id === id &&
        event.amountMinor !== null &&
        known.reversals.some(({ event: other }) => divided.has(other.id) && namesChargeback(event, other)),
    );
  const reversibles = (known.conversions as LoadedEvent[]).map(({ event, ratedBy }): Reversible => {
    const own = facts.filter(({ originalEventId }) => originalEventId === event.id);
    const version = ratedBy ? deals.version(ratedBy.dealId, ratedBy.version) : null;
    return {
      event,
      terms: version?.terms ?? null,
      known: own.filter(({ eventId }) => eventId !== event.id && !isDivided(eventId)),
    };
  });
  const effects = effectsOf(reversibles, known.reversals, await ratesOf(audited, facts));
  for (const { reversal, conversionId, fact } of effects) {
    if (!isDivided(reversal.id)) continue;
    const ofConversion = facts.filter(({ originalEventId }) => originalEventId === conversionId);
    if (ofConversion.length === 0) continue;
    const stored = ofConversion.find(({ eventId }) => eventId === reversal.id);
    const [is, should] = [inWords(stored ?? null), inWords(fact)];
    if (is === should) continue;
    yield {
      check: 'reversal_is_divided',
      about: reversal.id,
      currency,
      minor: 0n,
      detail: `takes ${is} of ${conversionId}, should take ${should}`,
    };
  }
}

function inWords(fact: Pick<SlotFact, 'whole' | 'amountMinor'> | null): string {
  return fact === null ? 'nothing' : `${fact.whole ? 'all, by ' : ''}${fact.amountMinor}`;
}

/**
 * The events of a customer, those of the click that bound it, and the reversals that name its
 * conversions.
 */
async function eventsOf({ client, operatorId }: Audited, subject: string): Promise<LoadedEvent[]> {
  const { rows } = await client.query<{ id: string }>(
    `select id from events where operator_id = $1 and subject = $2
     union
     select e.id from bindings b join events e on e.operator_id = $1 and e.subject = 'click ' || b.click_id
     where b.operator_id = $1 and 'customer ' || b.customer_id = $2`,
    [operatorId, subject],
  );
  const own = await loadEvents(
    client,
    operatorId,
    rows.map(({ id }) => id),
  );
  const conversions = own.filter(({ event }) => isConversion(event.type)).map(({ event }) => event.id);
  const reversals = await findOthers(client, operatorId, 'conversions', conversions);
  const ids = [...new Set([...rows.map(({ id }) => id), ...reversals])];
  const wins = await findWins(client, operatorId, ids);
  return await loadEvents(client, operatorId, [...ids, ...wins]);
}

type StoredFact = SlotFact & { fxRateId: string | null };

/** The facts in force of conversions, of one slot of each. */
async function factsOf(
  { client, operatorId }: Audited,
  conversionIds: readonly string[],
): Promise<StoredFact[]> {
  const { rows } = await client.query<StoredFact>(
    `select distinct on (original_event_id, event_id) original_event_id as "originalEventId",
       event_id as "eventId", revision, type, whole, amount_minor as "amountMinor",
       basis_minor as "basisMinor", volume_e4 as "volumeE4", cancels, null as customer, null as payment, null as fx,
       ${epochMs('occurred_at')} as "occurredAt", fx_rate_id as "fxRateId"
     from slot_facts f
     where operator_id = $1 and original_event_id = any($2) and type not in ('left', 'rejected')
       and ${inForce('f')}`,
    [operatorId, conversionIds],
  );
  return rows;
}

/** The rates by which facts were exchanged: a rate that came later changes none of them. */
async function ratesOf({ client, operatorId }: Audited, facts: readonly StoredFact[]): Promise<FxRate[]> {
  const ids = [...new Set(facts.flatMap(({ fxRateId }) => fxRateId ?? []))];
  if (ids.length === 0) return [];
  const { rows } = await client.query<Omit<FxRate, 'rateE12'> & { rateE12: string }>(
    `select id, base, quote, rate, source, (rate * 1000000000000)::numeric(38, 0) as "rateE12",
       ${epochMs('as_of')} as "asOf"
     from fx_rates where operator_id = $1 and id = any($2)`,
    [operatorId, ids],
  );
  return rows.map((row) => ({ ...row, rateE12: BigInt(row.rateE12) }));
}
