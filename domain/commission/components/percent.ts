// Kind `percent`: a percentage of each event's amount.
import { divideRounded } from '../../ledger/money.ts';
import { MILLION } from '../../units.ts';
import { readRate, type Fields } from '../component-form.ts';
import { netOfReversals, NO_COMMISSION, type SingleKind } from '../component-kind.ts';
import { capPhrase, formatPercent } from '../wording.ts';

const fields = { percent: { type: 'decimal' } } as const satisfies Fields;

export const percent = {
  kind: 'percent',
  slotPer: 'event',
  basis: 'amount',
  ownMetric: null,
  supportsCarryover: false,
  form: {
    fields,
    defaultOn: ['sale', 'challenge_purchase'],
    tierField: null,
    compile: (wire, common, context) => ({
      ...common,
      kind: 'percent',
      ratePpm: readRate(wire, common, context),
    }),
  },
  slotKey: ({ dealId }, label, { affiliateId, eventId }) =>
    `percent/${dealId}/${label}/${affiliateId}/${eventId}`,
  subjectIn: () => null,
  needsAmount: () => true,
  uncappedCommissionOf({ ratePpm }, { rounding }, groups) {
    const [conversion] = groups;
    if (!conversion) return NO_COMMISSION;
    return netOfReversals(
      conversion,
      divideRounded(ratePpm * conversion.accrual.basisMinor, MILLION, rounding),
      rounding,
    );
  },
  formulaOf: ({ ratePpm, cap }, money) =>
    `${formatPercent(ratePpm)} of the amount, less the reversed share${capPhrase(cap, money)}`,
} as const satisfies SingleKind<'percent', typeof fields>;
