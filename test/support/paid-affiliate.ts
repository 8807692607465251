// Affiliate that earns and is paid, over HTTP: calls of its operator, events settled at once, and
// its balance.
import assert from 'node:assert/strict';
import { createSettle } from '../../activities/settlement/settle.ts';
import { newId } from '../../store/db/ids.ts';
import type { Answer, TestApi } from './api.ts';
import { applyChanges as applyOf, auditOf } from './settling.ts';

export type Body = Record<string, unknown>;
export type Commission = {
  id: string;
  state: string;
  amount: string;
  money: Record<string, string>;
  decisions: Body[];
  events: number;
  formula: string;
};
export type Payout = {
  id: string;
  state: string;
  amount: string;
  recovered: string;
  external_reference: string | null;
};
export type Failure = { error: { code: string; message: string; issues?: { path: string; code: string }[] } };

/**
 * Creates an operator and an affiliate that earns 10 % of sales (held for 30 days) and 25 % of
 * monthly revenue.
 */
export async function withPaidAffiliate(api: TestApi) {
  const { key } = await api.newOperator();
  const call = <T = Body>(
    request: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> => api.call<T>(request, { key, headers, ...(body === undefined ? {} : { body }) });
  const made = async (path: string, body: object): Promise<Body & { id: string }> => {
    const answer = await call<Body & { id: string }>(`POST /v1/${path}`, body);
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    return answer.body;
  };
  const { id: affiliateId } = await made('affiliates', { name: 'Paid Media' });
  const components = [
    { kind: 'percent', on: 'sale', percent: '10' },
    { kind: 'revshare', percent: '25' },
  ];
  await made('deals', {
    name: 'd',
    affiliate_id: affiliateId,
    terms: { components, clawback: { days: 700 } },
  });
  const longAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
  const { click_id: clickId } = await made('clicks', { affiliate_id: affiliateId, clicked_at: longAgo(61) });
  await made('events', {
    event: 'registration',
    customer_id: 'c',
    click_id: clickId,
    occurred_at: longAgo(60),
  });
  const settling = createSettle({ pool: api.pool });
  const settle = async (): Promise<void> => {
    for (const { operatorId: of, id } of api.accepted.splice(0)) {
      await settling.settle({
        batchId: newId('bat'),
        owner: 'endpoint',
        operators: [{ operatorId: of, eventIds: [id] }],
      });
    }
  };
  await settle();

  /** Applies the changes for which workflows were started. */
  async function applyChanges(): Promise<void> {
    for (const line of api.workflowCalls.splice(0))
      if (line.startsWith('amend ')) await applyOf(api.pool, line.slice('amend '.length));
  }

  /** Sends an event of the customer and settles it; returns its id. */
  async function send(event: string, transactionId: string, rest: object = {}): Promise<string> {
    const { id } = await made('events', {
      event,
      transaction_id: transactionId,
      currency: 'USD',
      occurred_at: longAgo(40),
      ...rest,
    });
    await settle();
    return id;
  }
  /** Sends a sale that earns `earns`, with its hold over unless `occurredAt` is recent. */
  const sale = (transactionId: string, earns: string, occurredAt = longAgo(40)): Promise<string> =>
    send('sale', transactionId, {
      customer_id: 'c',
      amount: String(Number(earns) * 10),
      occurred_at: occurredAt,
    });
  const chargeback = (reference: string): Promise<string> =>
    send('chargeback', `back of ${reference}`, { reference });

  async function commissionOf(eventId: string): Promise<Commission> {
    const { body } = await call<{ commissions: Commission[] }>(`GET /v1/events/${eventId}`);
    return (await call<Commission>(`GET /v1/commissions/${body.commissions[0]!.id}`)).body;
  }
  /** Amounts: pending, payable, in payout, paid, debt. */
  async function balance(): Promise<string> {
    const { body } = await call<{ balances: Record<string, string>[] }>(
      `GET /v1/affiliates/${affiliateId}/balance`,
    );
    const [of] = body.balances;
    return of ? [of['pending'], of['payable'], of['in_payout'], of['paid'], of['debt']].join(' ') : 'none';
  }
  const release = async (): Promise<unknown> => (await call('POST /v1/holds/release')).body['released'];
  const payOut = (more: object = {}, headers: Record<string, string> = {}) =>
    call<Payout & Failure>(
      'POST /v1/payouts',
      { affiliate_id: affiliateId, currency: 'USD', ...more },
      headers,
    );
  const step = (id: string, name: string, body?: object) =>
    call<Payout & Failure>(`POST /v1/payouts/${id}/${name}`, body);
  return {
    affiliateId,
    call,
    send,
    sale,
    chargeback,
    commissionOf,
    balance,
    release,
    payOut,
    step,
    longAgo,
    applyChanges,
  };
}

export async function assertCleanAudit({ pool }: TestApi): Promise<void> {
  assert.deepEqual((await auditOf(pool)).findings, []);
}
