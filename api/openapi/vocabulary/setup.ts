// Vocabulary of operators, keys, affiliates and what waits for a person.
import { exampleId } from '../../http/answer-fields.ts';
import type { Vocabulary } from './vocabulary.ts';

export const setup: Vocabulary = {
  // Operators.
  'Operator.name': ['name of the operator', 'Example Broker'],
  'createOperator.name': ['name of the operator', 'Example Broker'],
  'createOperator.currency': ['the currency of deals that name none: ISO 4217', 'USD'],
  timezone: ['IANA time zone in which its months begin and end', 'Europe/Berlin'],
  api_key: ['the key, for `Authorization: Bearer …`', 'pk_…'],
  click_window_days: ['days for which a click counts until it binds a customer; at first 30', 30],
  click_choice: 'which click counts where a customer had several: the first or the last; at first the last',
  existing_customers:
    'whether a click or coupon counts for a customer that was known before: bind: yes; ignore: no',
  without_transaction_id:
    'events without `transaction_id` — refuse, accept_each, or same_content_is_repeat; null: JSON is refused, `/postback` compares contents',
  repeat_window_hours: ['hours within which equal content is taken as a repeat; at first 24', 24],
  allowed_ips: [
    'addresses and ranges that events may come from, at most 200; empty: any',
    ['203.0.113.0/24'],
  ],
  require_signature: ['whether events must be signed', false],
  postback_aliases: [
    'other names of parameters of `/postback`, with our field or null to ignore them; at most 100',
    { txid: 'transaction_id' },
  ],
  minimum_payouts: ['by currency, what a payout must come to', { USD: '50.00' }],
  share_customer_ids: ['whether affiliates see the ids of their customers', false],
  portal_origins: ['sites that may show the portal in a frame; at most 20', ['https://partners.example']],
  grace_hours: ['hours for which the former secret stays valid: 0 to 720, without it 24', 24],
  secret: ['the secret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
  addresses: ['addresses that postbacks come from', ['203.0.113.7']],
  class:
    'once: one for each customer; repeatable; cumulative: a figure of a month; negative: a reversal; reinstating: undoes one',
  standard: ['the event that it stands for', 'ftd'],
  'EventType.name': ['the operator’s own name of the event', 'first_deposit'],
  'createEventType.name': ['a name of your own, up to 64 characters', 'first_deposit'],
  'Currency.code': ['the code, in upper case', 'USDT'],
  'createCurrency.code': ['3 to 10 letters and digits, in any case', 'USDT'],
  exponent: ['decimal places of an amount, 0 to 8; never changes', 6],

  'listOperators.name': ['name of the operator', 'Example Broker'],

  // Keys and affiliates.
  'ApiKey.affiliate_id': ['the affiliate that it is confined to', null],
  'createOperatorApiKey.name': ['what the key is for', 'after the loss'],
  'createPortalLink.url': ['the link to give to the affiliate', 'https://track.example/portal#pt_…'],
  'ApiKey.name': ['what the key is for', 'back office'],
  'createApiKey.name': ['what the key is for', 'back office'],
  hint: ['how the key begins and ends, to tell it by', 'pk_…x4Qz'],
  scopes: [
    'what it may do: `events:write` send events, `read`, `manage` everything else; of affiliates `own:read`, `own:endpoints`',
    ['read'],
  ],
  last_used_at: ['when it was last used; null: never', null],
  parent_id: ['the affiliate that gets a part of its commission; null: none', null],
  parent_since: ['when the parent changes, past or future; without it, now', '2026-11-01T00:00:00Z'],
  'createAffiliate.parent_since': [
    'when its parent begins; without it, from the beginning',
    '2026-11-01T00:00:00Z',
  ],
  email: ['its address for mail, kept for the operator: nothing is sent there', 'partners@northwind.example'],
  tax_id: ['its VAT or tax number, as it is written on invoices', 'DE123456789'],
  country: ['where it is taxed: ISO 3166-1, two letters', 'DE'],
  'Affiliate.parent_since': ['since when it has this parent', null],
  'Affiliate.parent_id': ['the parent of now', null],
  'Affiliate.closed_at': ['when it was closed; null: it is not', null],

  // Channels of notices.
  'NoticeChannel.kind': ['mail, or slack: a webhook of Slack’s form', 'mail'],
  'createNoticeChannel.kind': ['mail, or slack: a webhook of Slack’s form', 'mail'],
  'NoticeChannel.target': [
    'the address; of a URL only its host, since whoever knows it may write there',
    'ops@broker.example',
  ],
  'createNoticeChannel.address': ['of a mail channel: who gets the mail', 'ops@broker.example'],
  'createNoticeChannel.url':
    'of a slack channel: a webhook that takes `{"text": "…"}`, as those of Slack, Mattermost and Rocket.Chat do',
  notices: ['which notices go there; all of them by default', ['delivery.gave_up']],
  last_sent_at: ['when the last message was sent; null: none yet', null],
  'NoticeChannel.last_error': ['why the last message could not be sent; null: it was', null],
  'NoticeChannel.failures': ['messages in a row that could not be sent', 0],
  'NoticeChannel.waiting': ['notices that the next message will tell', 0],
  dropped: ['notices that could not be sent within 72 hours', 0],

  // Refusals, audit log, what to do.
  refused_at: ['when it was refused', '2026-11-22T10:00:00Z'],
  'listRefusals.reason': ['code of the error', 'invalid_request'],
  'listRefusals.path': ['path of the request', '/v1/events'],
  'listRefusals.id': ['id of the refusal', exampleId('rfs')],
  'listRefusals.method': ['method of the request', 'POST'],
  address: ['address that it came from', '203.0.113.9'],
  issue: 'its first problem; null: it is about the whole request',
  'issue.path': ['the field', 'amount'],
  'issue.code': ['code of the problem', 'invalid_format'],
  api_key_id: ['id of the key that it was sent with', exampleId('key')],
  by_reason: 'counts by reason, the most frequent first',
  by_address: 'counts by address, the most frequent first',
  'listRefusals.counts': 'exact counts of the whole range',
  key_id: ['only what was done with this key', exampleId('key')],
  'listAuditLog.by': ['only what was done in this way', 'session'],
  'listAuditLog.resource': ['only changes of these: the first part of the path below /v1', 'endpoints'],
  key_name: ['name of the key', 'back office'],
  'listAuditLog.method': ['method of the request', 'POST'],
  subject_id: ['what was changed', exampleId('ep')],
  route: ['path of the route', '/v1/endpoints/:id/pause'],
  'listAuditLog.at': ['when it was done', '2026-11-22T10:00:00Z'],
  capture_script: [
    'the line of HTML for every page of the site',
    '<script src="https://track.example/capture.js" async></script>',
  ],
  checks: 'what was looked at',
  check: ['what was looked at', 'clicks_arrive'],
  'checks.state': 'ok; missing: has not been seen yet; attention: something is wrong',
  todo: ['what to do', 'put the script on every page'],
  orphaned: ['events that no affiliate was found for', 0],
  set_aside: ['events whose rule failed', 0],
  stuck: ['postbacks that do not arrive', 3],
  oldest_stuck_at: ['when the oldest of those was planned; null: there are none', null],
  'getOverview.events': ['events that were received', 120],
  'getOverview.postbacks': ['postbacks that were planned', 118],
};
