// Tests of setting up operators, affiliates, deals, links and endpoints over HTTP.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { ADMIN_TOKEN, withApi, type TestApi } from '../../support/api.ts';

type Failure = { error: { code: string; issues?: { path: string; code: string }[] } };
type Body = Record<string, unknown> & { id: string };

let api: TestApi;
let key: string;
let affiliateId: string;

before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
  affiliateId = (await post('affiliates', { name: 'Bounty' })).id;
});
after(() => api.close());

async function post(path: string, body: object): Promise<Body> {
  const answer = await api.call<Body>(`POST /v1/${path}`, { key, body });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}

async function issuesOf(path: string, body: object): Promise<string[]> {
  const answer = await api.call<Failure>(`POST /v1/${path}`, { key, body });
  assert.equal(answer.status, 400, JSON.stringify(answer.body));
  return [
    answer.body.error.code,
    ...(answer.body.error.issues ?? []).map((issue) => `${issue.path} ${issue.code}`),
  ];
}

describe('an operator', () => {
  test('an operator is created by the administrator, with a key of its own', async () => {
    const body = { name: 'Broker', currency: 'eur', timezone: 'Europe/Berlin' };
    const made = await api.call<Body & { api_key: string }>('POST /v1/operators', { key: ADMIN_TOKEN, body });
    assert.equal(made.status, 201);
    const { body: seen } = await api.call<Body>('GET /v1/operator', { key: made.body.api_key });
    assert.deepEqual(
      [seen['currency'], seen['timezone'], seen['without_transaction_id']],
      ['EUR', 'Europe/Berlin', null],
    );
  });

  test('an update of an operator changes the given fields and keeps the rest', async () => {
    const { body } = await api.call<Body>('PATCH /v1/operator', { key, body: { click_window_days: 7 } });
    assert.deepEqual([body['click_window_days'], body['name'], body['currency']], [7, 'Test Broker', 'USD']);
  });

  test('an operator is refused with an unknown currency or time zone', async () => {
    const body = { name: 'x', currency: 'ABC', timezone: 'Mars/Olympus' };
    const answer = await api.call<Failure>('POST /v1/operators', { key: ADMIN_TOKEN, body });
    assert.deepEqual(
      answer.body.error.issues?.map(({ code }) => code),
      ['unknown_currency', 'unknown_timezone'],
    );
  });

  for (const timezone of ['Europe/Berlin', 'Etc/GMT+5', 'America/Argentina/Buenos_Aires', 'UTC'])
    test(`an operator may be in ${timezone}`, async () => {
      const { key: own } = await api.newOperator();
      const { body } = await api.call<Body>('PATCH /v1/operator', { key: own, body: { timezone } });
      assert.equal(body['timezone'], timezone);
    });

  // Offsets and abbreviations: Node and PostgreSQL take them for different zones, or one of them
  // for none. The last two PostgreSQL does not list, or not in this spelling.
  for (const timezone of ['+0530', '+05', '-03', 'BST', 'IST', 'PST8PDT', 'SystemV/AST4', 'europe/berlin'])
    test(`an operator is refused the time zone ${timezone}`, async () => {
      const body = { name: 'x', currency: 'EUR', timezone };
      const made = await api.call<Failure>('POST /v1/operators', { key: ADMIN_TOKEN, body });
      const changed = await api.call<Failure>('PATCH /v1/operator', { key, body: { timezone } });
      for (const { status, body: failure } of [made, changed]) {
        const issues = failure.error.issues?.map(({ path, code }) => `${path} ${code}`);
        assert.deepEqual([status, issues], [400, ['timezone unknown_timezone']]);
      }
    });
});

describe('an affiliate', () => {
  test('an affiliate has an external id that is unique for the operator', async () => {
    const first = await post('affiliates', { name: 'A', external_id: 'x-1', parent_id: affiliateId });
    assert.deepEqual([first['external_id'], first['parent_id']], ['x-1', affiliateId]);
    const again = await api.call<Failure>('POST /v1/affiliates', {
      key,
      body: { name: 'B', external_id: 'x-1' },
    });
    assert.deepEqual([again.status, again.body.error.code], [409, 'conflict']);
    const { id } = await post('affiliates', { name: 'C' });
    const taken = await api.call<Failure>(`PATCH /v1/affiliates/${id}`, {
      key,
      body: { external_id: 'x-1' },
    });
    assert.equal(taken.status, 409);
    const freed = await api.call<Body>(`PATCH /v1/affiliates/${first.id}`, {
      key,
      body: { external_id: null },
    });
    assert.deepEqual([freed.body['external_id'], freed.body['name']], [null, 'A']);
  });
});

describe('a deal', () => {
  const cpa = { kind: 'cpa', on: 'ftd', amount: '200.00' };

  test('a deal keeps its terms with every default filled in, and applies from the beginning', async () => {
    const deal = await post('deals', {
      name: 'd',
      affiliate_id: affiliateId,
      terms: { components: [cpa, { kind: 'revshare', percent: '25' }] },
    });
    assert.deepEqual([deal['version'], deal['effective_from']], [1, '1970-01-01T00:00:00.000Z']);
    assert.deepEqual(deal['terms'], {
      currency: 'USD',
      components: [
        { kind: 'cpa', on: ['ftd'], amount: '200.00' },
        { kind: 'revshare', on: ['revenue'], percent: '25' },
      ],
      hold_days: 30,
      rounding: 'half_even',
      clawback: {
        days: 90,
        chargeback: 'full',
        refund: 'proportional',
        bonus_abuse: 'full',
        fraud: 'full',
        account_closure: 'none',
      },
    });
  });

  test('versions of a deal are numbered in order, each from its own time', async () => {
    const { id } = await post('deals', { name: 'd', terms: { components: [cpa] } });
    const terms = { components: [{ ...cpa, amount: '250.00' }] };
    const second = await post(`deals/${id}/versions`, { terms, effective_from: '2026-03-01T00:00:00Z' });
    assert.equal(second['version'], 2);
    const third = await post(`deals/${id}/versions`, { terms });
    assert.ok(Math.abs(Date.parse(String(third['effective_from'])) - Date.now()) < 60_000);
    const again = { terms, effective_from: '2026-03-01T01:00:00+01:00' };
    assert.equal((await api.call(`POST /v1/deals/${id}/versions`, { key, body: again })).status, 409);
    const { body } = await api.call<{ version: number; versions: unknown[] }>(`GET /v1/deals/${id}`, { key });
    assert.deepEqual([body.version, body.versions.length], [3, 3]);
  });

  for (const [name, terms, expected] of [
    ['terms without components', { components: [] }, ['terms.components too_small']],
    [
      'tiers without a revenue share',
      {
        components: [cpa],
        tiers: { metric: 'revenue', mode: 'marginal', steps: [{ from: '0', percent: '1' }] },
      },
      ['terms.tiers ambiguous'],
    ],
    [
      'falling tier steps, and marginal CPA tiers by volume',
      {
        components: [
          {
            kind: 'revshare',
            tiers: {
              metric: 'revenue',
              mode: 'marginal',
              steps: ['9', '1'].map((from) => ({ from, percent: '1' })),
            },
          },
          { ...cpa, tiers: { metric: 'volume', mode: 'marginal', steps: [{ from: '0', amount: '1' }] } },
        ],
      },
      ['terms.components.0.tiers.steps.1.from not_rising', 'terms.components.1.tiers.metric not_an_option'],
    ],
    [
      'an empty cap, a cap by count on a revenue share, and six override levels',
      {
        components: [
          { ...cpa, cap: {} },
          { kind: 'revshare', percent: '1', cap: { count: 3 } },
        ],
        overrides: Array.from({ length: 6 }, () => ({ percent: '1' })),
      },
      ['terms.overrides too_large'],
    ],
    [
      'cumulative qualification without a minimum',
      { components: [{ ...cpa, qualify: 'cumulative' }] },
      ['terms.components.0.qualify required'],
    ],
    [
      'a percentage of an unknown event',
      { components: [{ kind: 'percent', on: ['party'], percent: '1' }] },
      ['terms.components.0.on unknown_event'],
    ],
    ['a CPA without an amount', { components: [{ kind: 'cpa' }] }, ['terms.components.0.amount required']],
    [
      'an amount with a tenth of a cent',
      { components: [{ ...cpa, amount: '1.001' }] },
      ['terms.components.0.amount invalid_decimal'],
    ],
    [
      'an amount as a number',
      { components: [{ ...cpa, amount: 1 }] },
      ['terms.components.0.amount invalid_type'],
    ],
  ] as const) {
    test(`a deal is refused with ${name}`, async () => {
      assert.deepEqual(await issuesOf('deals', { name: 'd', terms }), ['invalid_request', ...expected]);
    });
  }
});

describe('an endpoint', () => {
  const url = 'http://127.0.0.1:9/postbacks?c={click_id}';

  test('an endpoint is created with its defaults and a secret that is never shown again', async () => {
    const { secret, ...endpoint } = await post('endpoints', { affiliate_id: affiliateId, url });
    assert.match(String(secret), /^whsec_/);
    const { id, created_at: _, ...rest } = endpoint as Body;
    assert.deepEqual(rest, {
      affiliate_id: affiliateId,
      name: null,
      url,
      method: 'POST',
      body: 'json',
      form: null,
      events: ['*'],
      headers: {},
      schedule: [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400],
      max_in_flight: 8,
      rate_per_second: null,
      signing: 'v1',
      public_key: null,
      overlap_ends_at: null,
      share_customer_id: false,
      api_version: '2026-12-01',
      state: 'active',
      state_reason: null,
      breaker: 'closed',
      failing_since: null,
      failures_in_a_row: 0,
      last_error: null,
      advice: null,
      waiting: 0,
      warnings: [],
    });
    for (const path of [`endpoints/${id}`, 'endpoints'])
      assert.ok(!JSON.stringify((await api.call(`GET /v1/${path}`, { key })).body).includes('whsec_'));
    const { rows } = await api.pool.query<{ secret: Buffer }>(`select secret from endpoints where id = $1`, [
      id,
    ]);
    assert.ok(!rows[0]?.secret.includes(String(secret)));
  });

  test('an update of an endpoint changes the given fields and keeps the rest', async () => {
    const { id } = await post('endpoints', { url, rate_per_second: 2.5, headers: { 'x-a': 'b' } });
    const { body } = await api.call<Body>(`PATCH /v1/endpoints/${id}`, {
      key,
      body: { rate_per_second: null, events: ['ftd'] },
    });
    assert.deepEqual(
      [body['rate_per_second'], body['events'], body['headers']],
      [null, ['ftd'], { 'x-a': 'b' }],
    );
  });

  test('an endpoint has the name that its owner gave it, until it is taken away', async () => {
    const { id, name } = await post('endpoints', { url, name: 'Tracker' });
    const changed = async (body: object) =>
      (await api.call<Body>(`PATCH /v1/endpoints/${id}`, { key, body })).body['name'];
    assert.deepEqual(
      [
        name,
        await changed({ events: ['ftd'] }),
        await changed({ name: 'CRM' }),
        await changed({ name: null }),
      ],
      ['Tracker', 'Tracker', 'CRM', null],
    );
  });

  test('an endpoint keeps the fields of its form in their order, until they are removed', async () => {
    const form = { 'click id': '{click_id}', a: '{payout:minor|0}' };
    const made = await post('endpoints', { url, body: 'form', form });
    const { body: seen } = await api.call<Body>(`GET /v1/endpoints/${made.id}`, { key });
    assert.deepEqual(Object.entries(seen['form'] as object), Object.entries(form));
    const change = async (body: object) =>
      (await api.call<Body>(`PATCH /v1/endpoints/${made.id}`, { key, body })).body['form'];
    assert.deepEqual(await change({ max_in_flight: 2 }), form);
    assert.deepEqual(await change({ form: { b: '1' } }), { b: '1' });
    assert.equal(await change({ form: null }), null);
  });

  test('an endpoint is refused with the place of an invalid macro in a template', async () => {
    const answer = await api.call<{ error: { issues: object[] } }>('POST /v1/endpoints', {
      key,
      body: { url: 'http://127.0.0.1/?c={click_id}&d={colour}' },
    });
    assert.deepEqual(answer.body.error.issues, [
      { path: 'url', code: 'unknown_macro', message: 'there is no macro {colour}, at character 34' },
    ]);
  });

  test('a name that cannot be kept is refused in headers, form fields, link parameters and aliases', async () => {
    const named = JSON.parse('{"__proto__":"x"}') as object;
    const refused = async (path: string, body: object) => {
      const answer = await api.call<{ error: { issues: { path: string }[] } }>(path, { key, body });
      return [answer.status, ...answer.body.error.issues.map((issue) => issue.path)];
    };
    const { id } = await post('endpoints', { url });
    const endpoint = `PATCH /v1/endpoints/${id}`;
    assert.deepEqual(await refused('POST /v1/endpoints', { url, headers: named }), [
      400,
      'headers.__proto__',
    ]);
    assert.deepEqual(await refused('POST /v1/endpoints', { url, body: 'form', form: named }), [
      400,
      'form.__proto__',
    ]);
    assert.deepEqual(await refused(endpoint, { headers: named }), [400, 'headers.__proto__']);
    assert.deepEqual(await refused(endpoint, { form: named }), [400, 'form.__proto__']);
    assert.deepEqual(await refused('PATCH /v1/operator', { postback_aliases: named }), [
      400,
      'postback_aliases.__proto__',
    ]);
    const link = { affiliate_id: affiliateId, landing_url: 'https://shop.example/', params: named };
    assert.deepEqual(await refused('POST /v1/links', link), [400, 'params.__proto__']);
  });

  for (const [name, body, expected] of [
    ['an unknown macro', { url: 'http://127.0.0.1/?a={colour}' }, ['unknown_macro', 'url unknown_macro']],
    ['a macro in its host', { url: 'http://{click_id}/' }, ['invalid_request', 'url misplaced_macro']],
    [
      'a macro as the name of a parameter',
      { url: 'http://127.0.0.1/?{sub1}=1' },
      ['invalid_request', 'url misplaced_macro'],
    ],
    [
      'a format that the macro does not have',
      { url: 'http://127.0.0.1/?a={sub1:minor}' },
      ['invalid_request', 'url invalid_macro'],
    ],
    [
      'an unknown macro in a header',
      { url, headers: { 'x-a': '{colour}' } },
      ['unknown_macro', 'headers.x-a unknown_macro'],
    ],
    [
      "a macro in a header's name",
      { url, headers: { '{sub1}': 'x' } },
      ['invalid_request', 'headers.{sub1} invalid_header'],
    ],
    [
      "an unknown macro in a form, and a macro in a field's name",
      { url, body: 'form', form: { a: '{colour}', '{sub1}': 'x' } },
      ['unknown_macro', 'form.a unknown_macro', 'form.{sub1} misplaced_macro'],
    ],
    ['form fields but no form body', { url, form: { a: 'b' } }, ['invalid_request', 'form not_applicable']],
    [
      'a blocked address',
      { url: 'http://169.254.169.254/latest' },
      ['blocked_address', 'url blocked_address'],
    ],
    ['an invalid URL', { url: 'nowhere' }, ['invalid_request', 'url invalid_url']],
    [
      'a reserved header',
      { url, headers: { 'Webhook-Id': 'x' } },
      ['invalid_request', 'headers.Webhook-Id invalid_header'],
    ],
    [
      'a schedule with a delayed first try',
      { url, schedule: [5] },
      ['invalid_request', 'schedule invalid_format'],
    ],
    ['an unknown event', { url, events: ['party'] }, ['invalid_request', 'events.0 not_an_option']],
    ['an unknown signing method', { url, signing: 'v2' }, ['invalid_request', 'signing not_an_option']],
  ] as const) {
    test(`an endpoint is refused with ${name}`, async () => {
      assert.deepEqual(await issuesOf('endpoints', body), expected);
    });
  }

  test('an endpoint is paused, resumed and enabled only where its state allows', async () => {
    const { id } = await post('endpoints', { url });
    const requestAction = async (action: string) => {
      const { status, body } = await api.call<Body>(`POST /v1/endpoints/${id}/${action}`, { key });
      return status === 200 ? body['state'] : status;
    };
    assert.deepEqual(await requestAction('pause'), 'paused');
    assert.deepEqual(await requestAction('pause'), 'paused');
    assert.deepEqual(await requestAction('enable'), 422);
    assert.deepEqual(await requestAction('resume'), 'active');
    await api.pool.query(
      `update endpoints set state = 'disabled', failures_in_a_row = 9, failing_since = now() where id = $1`,
      [id],
    );
    assert.deepEqual(await requestAction('resume'), 422);
    assert.deepEqual(await requestAction('pause'), 422);
    assert.deepEqual(await requestAction('enable'), 'active');
    const { body } = await api.call<Body>(`GET /v1/endpoints/${id}`, { key });
    assert.equal(body['failing_since'], null);
  });

  test('a deleted endpoint is not found', async () => {
    const { id } = await post('endpoints', { url });
    assert.equal((await api.call(`DELETE /v1/endpoints/${id}`, { key })).status, 204);
    assert.equal((await api.call(`GET /v1/endpoints/${id}`, { key })).status, 404);
    assert.equal((await api.call(`DELETE /v1/endpoints/${id}`, { key })).status, 404);
  });
});
