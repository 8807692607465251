// Histories of sales, revenue and chargebacks of many customers under one deal: events as operators
// mostly send them, and cheap to play in great numbers.
/* oxlint-disable unicorn/no-useless-spread -- groups steps that belong together on a line */
import { generator } from '../generator.ts';
import { AFFILIATES, HOUR, type Item } from './history-builder.ts';
import type { History } from './random-history.ts';
import { affiliate, against, click, deal, event, newOperator, operator } from './steps.ts';

const TERMS = {
  hold_days: 0,
  components: [
    { kind: 'percent', on: ['sale'], percent: '7.5' },
    { kind: 'revshare', on: ['revenue'], percent: '25', negative: 'carry' },
  ],
  clawback: { days: 60, chargeback: 'full' },
  overrides: [{ percent: '10' }],
};
const CLICKED_DAYS_AGO = 30;
const EVENTS_OF_A_CUSTOMER = 5;
const CHARGED_BACK = 0.06;

/** A history of so many events that end at `now`; customers and amounts are decided by the seed. */
export function plainHistory(seed: number, events: number, now: number): History {
  const next = generator(seed);
  const from = now - CLICKED_DAYS_AGO * 24 * HOUR;
  const items: Item[] = [];
  for (let index = 0; items.length < events; index += 1) {
    const name = `s${index}`;
    const customer = Math.floor(index / EVENTS_OF_A_CUSTOMER);
    const at = new Date(from + HOUR + index * 1000).toISOString();
    const amount = `${1 + Math.floor(next() * 900)}.${10 + Math.floor(next() * 90)}`;
    const of = { of: `u${customer}`, by: `click${customer % AFFILIATES.length}` };
    const type = index % EVENTS_OF_A_CUSTOMER === 2 ? 'revenue' : 'sale';
    items.push({ name, needs: [], step: event(type, name, { ...of, at, amount }) });
    if (type === 'sale' && items.length < events && next() < CHARGED_BACK) {
      const later = new Date(from + 48 * HOUR + index * 1000).toISOString();
      items.push({
        name: `x${index}`,
        needs: [],
        step: against('chargeback', `x${index}`, name, { at: later }),
      });
    }
  }
  const setup = [
    ...[newOperator({ currency: 'USD', timezone: 'UTC' }), operator({ click_window_days: 365 })],
    ...[affiliate('A'), affiliate('B', { parent_id: '$A' }), affiliate('C'), affiliate('D')],
    deal(TERMS, { effective_from: new Date(from - 24 * HOUR).toISOString() }, 'Z'),
    ...AFFILIATES.map((name, index) => click(`click${index}`, name, new Date(from).toISOString())),
  ];
  return { setup, items };
}
