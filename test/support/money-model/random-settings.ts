// Random settings of a history: the time zone, affiliates' states and deals' ends, which hold from
// the moment they are made, and the events after all of them.
import fc from 'fast-check';
import { change, end, event, operator } from './steps.ts';
import { AFFILIATES, type Item } from './history-builder.ts';

const MINUTE = 60_000;
/** How long after the run's beginning all settings are made. */
const LATE = 40 * MINUTE;

export const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Auckland', 'Asia/Kathmandu'];

const STATES = ['suspended', 'closed', 'closed', 'reopened'] as const;

export const settings = fc.record({
  zones: fc.array(fc.constantFrom(...ZONES), { maxLength: 2 }),
  state: fc.option(fc.record({ of: fc.nat(3), state: fc.constantFrom(...STATES) }), { nil: undefined }),
  ends: fc.constantFrom('none', 'none', 'OWN', 'OWN', 'Z'),
  late: fc.array(
    fc.record({
      customer: fc.nat(),
      type: fc.constantFrom('sale', 'revenue', 'deposit', 'ftd'),
      amount: fc.integer({ min: 1, max: 9999 }),
    }),
    { maxLength: 3 },
  ),
});

export type RandomSettings = typeof settings extends fc.Arbitrary<infer T> ? T : never;

interface Named {
  readonly customers: number;
  readonly hasOwnDeal: boolean;
  /** Names of the items that need the affiliate to be open. */
  readonly needsOpen: (affiliate: string) => readonly string[];
}

/** The calls that change settings, and events of the time after them. */
export function settingItems(random: RandomSettings, now: number, named: Named): Item[] {
  const zones = random.zones.map((timezone, index): Item => ({
    name: `zone${index}`,
    // Before the first event a zone would replace the one that the operator began with.
    needs: [index === 0 ? 'e0' : `zone${index - 1}`],
    step: operator({ timezone }),
  }));
  const changed = [...zones, ...stateItems(random, named), ...endItems(random, named)];
  const late = random.late.map(({ customer, type, amount }, index): Item => {
    const name = `late${index}`;
    const at = new Date(now + LATE + index * 1000).toISOString();
    const fields = { of: `u${customer % named.customers}`, at, amount: `${amount}.50` };
    return { name, needs: changed.map((each) => each.name), step: event(type, name, fields) };
  });
  return [...changed, ...late];
}

function stateItems({ state }: RandomSettings, { needsOpen }: Named): Item[] {
  if (state === undefined) return [];
  const of = AFFILIATES[state.of]!;
  if (state.state === 'suspended')
    return [{ name: 'state', needs: [], step: change(of, { state: 'suspended' }) }];
  const closed = { name: 'state', needs: needsOpen(of), step: change(of, { state: 'closed' }) };
  if (state.state === 'closed') return [closed];
  return [closed, { name: 'reopened', needs: ['state'], step: change(of, { state: 'active' }) }];
}

function endItems({ ends }: RandomSettings, { hasOwnDeal }: Named): Item[] {
  if (ends === 'none' || (ends === 'OWN' && !hasOwnDeal)) return [];
  return [{ name: 'end', needs: [], step: end(ends) }];
}
