// Kind `percent`: a share of each event's amount.
import { divideRounded } from '../../ledger/money.ts';
import { MILLION } from '../../units.ts';
import { rateOf, type Fields } from '../component-form.ts';
import { NO_STANDING, type SingleKind } from '../component-kind.ts';
import { standingAfterReversals } from '../event-standing.ts';
import { atMost, percent as percentOf } from '../wording.ts';

const fields = { percent: { type: 'decimal' } } as const satisfies Fields;

export const percent = {
  kind: 'percent',
  slotPer: 'event',
  basis: 'amount',
  ownMetric: null,
  isChained: false,
  form: {
    fields,
    defaultOn: ['sale', 'challenge_purchase'],
    steps: null,
    compile: (wire, common, place) => ({ ...common, kind: 'percent', ratePpm: rateOf(wire, common, place) }),
  },
  slotKey: ({ dealId }, label, { eventId }) => `percent/${dealId}/${label}/${eventId}`,
  needsAmount: () => true,
  standingOf({ ratePpm }, { rounding }, groups) {
    const [by] = groups;
    if (!by) return NO_STANDING;
    return standingAfterReversals(
      by,
      divideRounded(ratePpm * by.earned.basisMinor, MILLION, rounding),
      rounding,
    );
  },
  formulaOf: ({ ratePpm, cap }, money) =>
    `${percentOf(ratePpm)} of the amount, less the reversed share${atMost(cap, money)}`,
} as const satisfies SingleKind<'percent', typeof fields>;
