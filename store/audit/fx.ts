// Audits exchanged amounts: recomputes each from the event's amount in force and the stored rate.
import { converted } from '../../domain/ledger/fx.ts';
import { REINSTATING_EVENT } from '../../domain/types.ts';
import { inChunks, type Audited, type Finding } from './context.ts';
import { OF_PAYOUTS } from '../ledger/slot-kinds.ts';
import { JOIN_AMENDMENT } from '../agreements/amendments.ts';
import { inForce } from '../ledger/facts-in-force.ts';

type Row = {
  slotId: string;
  eventId: string;
  slotCurrency: string;
  isEarned: boolean;
  /** Of a divided amount or of a win, the fact may hold a part. */
  mayBePart: boolean;
  sentMinor: bigint;
  bookedMinor: bigint;
  base: string | null;
  quote: string | null;
  rateE12: string | null;
};

/** Whether a fact is worth the payout that the operator computed. Reversals are of the amount. */
const IS_PAYOUT = `(s.kind in ${OF_PAYOUTS} and f.event_id = f.original_event_id)`;

const EXCHANGED = `
  select f.slot_id as "slotId", f.event_id as "eventId", s.currency as "slotCurrency",
    f.event_id = f.original_event_id as "isEarned",
    f.event_id <> f.original_event_id
      and (e.reference is null or e.type = '${REINSTATING_EVENT}') as "mayBePart",
    coalesce(case when ${IS_PAYOUT} then coalesce(m.payout_minor, e.payout_minor)
      else coalesce(m.amount_minor, e.amount_minor) end, 0) as "sentMinor",
    case when f.event_id = f.original_event_id then f.basis_minor else f.amount_minor end as "bookedMinor",
    r.base, r.quote,
    (case when r.rate = f.fx_rate then r.rate * 1000000000000 end)::numeric(38, 0) as "rateE12"
  from slot_facts f join slots s on s.operator_id = $1 and s.id = f.slot_id
  join events e on e.operator_id = $1 and e.id = f.event_id
  ${JOIN_AMENDMENT}
  join events c on c.operator_id = $1 and c.id = f.original_event_id
  left join amendments cm on cm.operator_id = $1 and cm.event_id = c.id and cm.in_force
  left join fx_rates r on r.operator_id = $1 and r.id = f.fx_rate_id and r.base =
      case when ${IS_PAYOUT} then coalesce(m.payout_currency, e.payout_currency, m.currency, e.currency)
        else coalesce(m.currency, e.currency) end
    and r.quote = case when f.event_id = f.original_event_id then s.currency else coalesce(cm.currency, c.currency) end
  where f.operator_id = $1 and f.fx_rate_id is not null and f.type not in ('left', 'rejected') and ${inForce('f')}
    and not (s.kind = 'month' and f.basis_minor = 0)`;

export async function* exchanges(audited: Audited): AsyncGenerator<Finding> {
  for await (const rows of inChunks<Row>(audited, EXCHANGED, [audited.operatorId])) {
    for (const row of rows) {
      const { slotId, eventId, slotCurrency, sentMinor, bookedMinor, base, quote, rateE12 } = row;
      const rate =
        base === null || quote === null || rateE12 === null
          ? null
          : { base, quote, rateE12: BigInt(rateE12) };
      const worthMinor = rate === null ? null : converted(sentMinor, rate);
      if (worthMinor === bookedMinor) continue;
      if (row.mayBePart && worthMinor !== null && bookedMinor < worthMinor) continue;
      const off = bookedMinor - (worthMinor ?? 0n);
      const should =
        worthMinor === null
          ? 'there is no such rate between these currencies'
          : `by its rate they are ${worthMinor}`;
      const detail = `${sentMinor} of ${eventId} are booked as ${bookedMinor} in slot ${slotId}; ${should}`;
      yield {
        check: 'exchange_is_by_its_rate',
        about: eventId,
        currency: slotCurrency,
        minor: off < 0n ? -off : off,
        detail,
      };
    }
  }
}
