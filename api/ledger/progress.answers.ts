// Answers about customers who are on their way to a CPA: schema and view.
import { z } from 'zod';
import { explainComponent } from '../../domain/commission/explanation.ts';
import { PROGRESS_STATES } from '../../domain/commission/progress.ts';
import { formatMoney } from '../../domain/ledger/money.ts';
import { formatLots } from '../../domain/commission/wording.ts';
import type { CustomerProgress } from '../../store/settlement/progress.ts';
import * as field from '../http/answer-fields.ts';

const part = z.object({ reached: field.text, of: field.text });

export const progress = z.object({
  id: field.idOf('slot').meta({ description: 'of the commission that it would be' }),
  customer_id: field.text.nullable().optional().meta({
    description:
      'null: known by a click alone. Left out for affiliates, unless the operator shares the ids of customers',
  }),
  deal_id: field.idOf('deal'),
  deal_version: z.int(),
  label: field.text,
  formula: field.text,
  currency: field.currency,
  state: z.enum(PROGRESS_STATES).meta({
    description:
      'too_late: the days of the deal have passed; missed: only the first one counts, and it was too small',
  }),
  amount: part.nullable().meta({ description: 'in `currency`; null where the deal asks for no amount' }),
  volume: part.nullable().meta({ description: 'in lots; null where the deal asks for no volume' }),
  conversions: field.count.meta({ description: 'how many count so far' }),
  since: field.time,
  until: field.time.nullable().meta({ description: 'null: without an end' }),
});

export function progressView(row: CustomerProgress) {
  const { id, customerId, dealId, dealVersion, component, currency, amount, volume } = row;
  const written = (of: { reached: bigint; of: bigint } | null, write: (value: bigint) => string) =>
    of && { reached: write(of.reached), of: write(of.of) };
  return {
    id,
    customer_id: customerId,
    deal_id: dealId,
    deal_version: dealVersion,
    label: component.label,
    formula: explainComponent(component, currency),
    currency,
    state: row.state,
    amount: written(amount, (minor) => formatMoney(minor, currency)),
    volume: written(volume, formatLots),
    conversions: row.conversions,
    since: new Date(row.since),
    until: row.until === null ? null : new Date(row.until),
  };
}
