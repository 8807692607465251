// Stories of rule 1 about clicks that are too old for an event: what comes for it later.
import { affiliate, amend, assign, click, coupon, deal, event, type ApiStep } from '../steps.ts';
import { PERCENT, terms, type Story } from './story.ts';

const START = [affiliate('A'), affiliate('B'), deal(terms(PERCENT)), click('OLD', 'A', '@-61d')];
/** Sixty days after its click, for which a click counts thirty. */
const SALE = { by: 'OLD', at: '@-1d', amount: '100.00' };

const story = (
  name: string,
  steps: readonly ApiStep[],
  balances: Story['balances'],
  outcome = 'settled',
): Story => ({ rule: 1, name, steps: [...START, ...steps], balances, events: { s1: outcome } });

export const EXPIRED_CLICKS: readonly Story[] = [
  story(
    'A sale with a click too old is the affiliate’s who turns out to have bound its customer',
    [
      event('sale', 's1', { of: 'u', ...SALE }),
      event('registration', 'r', { of: 'u', by: 'OLD', at: '@-60d' }),
    ],
    { A: '10.00' },
  ),
  story(
    'A sale with a click too old may be amended while it waits for its customer to be bound',
    [
      event('sale', 's1', { of: 'u', ...SALE }),
      amend('s1', { amount: '200.00' }),
      event('registration', 'r', { of: 'u', by: 'OLD', at: '@-60d' }),
    ],
    { A: '20.00' },
  ),
  story(
    'A sale with a click too old that names no customer is the customer’s whom its click bound',
    [event('sale', 's1', SALE), event('registration', 'r', { of: 'u', by: 'OLD', at: '@-60d' })],
    { A: '10.00' },
  ),
  story(
    'A sale with a click of A too old belongs to B, whose click bound the customer before it',
    [
      event('sale', 's1', { of: 'u', ...SALE }),
      click('NEW', 'B', '@-10d'),
      event('registration', 'r', { of: 'u', by: 'NEW', at: '@-9d' }),
    ],
    { A: '0.00', B: '10.00' },
  ),
  story(
    'A sale with a click too old is attributed by its coupon once that is known',
    [event('sale', 's1', { of: 'u', ...SALE, more: { coupon: 'SUMMER10' } }), coupon('SUMMER10', 'B')],
    { A: '0.00', B: '10.00' },
  ),
  story(
    'A sale with a click too old follows the assignment of an earlier event of its customer',
    [event('sale', 's1', { of: 'u', ...SALE }), event('kyc', 'k', { of: 'u', at: '@-3d' }), assign('k', 'B')],
    { A: '0.00', B: '10.00' },
  ),
  story(
    'A sale with a click too old stays rejected beside a later binding of its customer',
    [
      event('sale', 's1', { of: 'u', by: 'OLD', at: '@-12d', amount: '100.00' }),
      click('NEW', 'B', '@-10d'),
      event('registration', 'r', { of: 'u', by: 'NEW', at: '@-9d' }),
    ],
    { A: '0.00', B: '0.00' },
    'rejected click_expired',
  ),
];
