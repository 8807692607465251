// Whole examples of schemas and messages whose fields must fit each other: the customer carla
// deposits 500.00 by the affiliate's link, which earns 200.00, and her bank takes it back.
import { NEWEST_API_VERSION } from '../../../domain/delivery/versions.ts';
import { exampleId } from '../../http/answer-fields.ts';

const DEPOSITED_AT = '2026-11-22T10:00:00Z';
const SETTLED_AT = '2026-11-22T10:00:01Z';
const affiliate = exampleId('aff');

const event = {
  id: exampleId('evt'),
  status: 'settled',
  received_at: DEPOSITED_AT,
  event: {
    event: 'ftd',
    transaction_id: 't-1',
    click_id: exampleId('clk'),
    customer_id: 'carla',
    amount: '500.00',
    currency: 'USD',
    sub1: 'campaign_spring',
    occurred_at: DEPOSITED_AT,
  },
  attribution: { affiliate_id: affiliate, method: 'click', click_id: exampleId('clk') },
};

const trace = {
  ...event,
  sent_by: { request_id: exampleId('req'), key_id: exampleId('key'), key_name: 'back office' },
  considered: [
    {
      evidence: 'click',
      id: exampleId('clk'),
      affiliate_id: affiliate,
      at: '2026-11-22T09:58:00Z',
      verdict: 'decided',
    },
  ],
  commissions: [
    {
      id: exampleId('slot'),
      affiliate_id: affiliate,
      affiliate_name: 'Northwind Media',
      component: 'cpa',
      label: 'cpa:ftd',
      deal_id: exampleId('deal'),
      deal_version: 1,
      amount: '200.00',
      currency: 'USD',
      state: 'pending',
      period: null,
      hold_until: '2026-12-22T10:00:00Z',
      rejected_at: null,
      created_at: SETTLED_AT,
      events: 1,
      formula: '200.00 USD once per customer, less what was reversed',
      inputs: { amount: '500.00' },
    },
  ],
  transfers: [
    {
      id: exampleId('trf'),
      code: 'accrue',
      description: 'commission earned',
      amount: '200.00',
      currency: 'USD',
      debit_account: 'expense',
      credit_account: `pending/${affiliate}`,
      affiliate_id: affiliate,
      event_id: event.id,
      commission_id: exampleId('slot'),
      payout_id: null,
      statement_id: null,
      reason: null,
      actor: null,
      occurred_at: DEPOSITED_AT,
      posted_at: SETTLED_AT,
      period: '2026-11',
      origin_period: '2026-11',
    },
  ],
  deliveries: [
    {
      id: exampleId('dlv'),
      endpoint_id: exampleId('ep'),
      type: 'conversion.created',
      state: 'delivered',
      attempts: 1,
      event_id: event.id,
      recipient_id: affiliate,
    },
  ],
  exchange_rates: [],
  workflow_id: `conversions/${exampleId('bat')}`,
  workflow_url: null,
};

const told = {
  event: 'ftd',
  event_id: event.id,
  transaction_id: 't-1',
  click_id: exampleId('clk'),
  affiliate_id: affiliate,
  amount: '500.00',
  currency: 'USD',
  payout: '200.00',
  payout_delta: '200.00',
  payout_currency: 'USD',
  status: 'pending',
  occurred_at: DEPOSITED_AT,
  sub1: 'campaign_spring',
};
const message = { timestamp: SETTLED_AT, api_version: NEWEST_API_VERSION };

/** By the name of a schema, the type of a message, or an operation with a status. */
export const STORIES: Readonly<Record<string, unknown>> = {
  'sendEvents 200': {
    results: [
      { index: 0, status: 'accepted', id: event.id },
      {
        index: 1,
        status: 'invalid',
        error: {
          code: 'invalid_request',
          message: 'amount: must be a decimal such as "500.00"',
          issues: [{ path: 'amount', code: 'invalid_format', message: 'must be a decimal such as "500.00"' }],
        },
      },
    ],
  },
  Event: event,
  Trace: trace,
  'conversion.created': { type: 'conversion.created', ...message, data: told },
  'conversion.reversed': {
    type: 'conversion.reversed',
    ...message,
    timestamp: '2026-11-29T08:30:00Z',
    data: {
      ...told,
      event: 'chargeback',
      event_id: 'evt_01kb9xq5n2f4h6j8m0p2r4t6v9',
      transaction_id: 't-2',
      original_event_id: event.id,
      reason: 'chargeback',
      payout: '0.00',
      payout_delta: '-200.00',
      status: 'reversed',
      occurred_at: '2026-11-29T08:29:58Z',
    },
  },
};
