// Ids and times of events as careless senders write them: placeholders, empty text, numbers, click
// ids in capitals, dates without dashes.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { withApi, type TestApi } from '../../support/api.ts';

type Issues = { path: string; code: string; message: string }[];
type Answer = { id: string; status: string; error?: { code: string; issues?: Issues } };
type Checks = { checks: ({ check: string; state: string } & Record<string, unknown>)[] };

let api: TestApi;
let key: string;
before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
});
after(() => api.close());

let count = 0;
const sale = (more: object = {}) => ({
  event: 'sale',
  transaction_id: `t-${++count}`,
  customer_id: 'c-1',
  ...more,
});
const send = (body: object, as = key) => api.call<Answer>('POST /v1/events', { key: as, body });

async function issuesOf(event: object): Promise<Issues> {
  const { status, body } = await send(event);
  assert.equal(status, 400, JSON.stringify(body));
  return body.error!.issues!;
}

async function sentAs(event: object): Promise<Record<string, unknown>> {
  const { status, body } = await send(event);
  assert.equal(status, 202, JSON.stringify(body));
  const trace = await api.call<{ event: Record<string, unknown> }>(`GET /v1/events/${body.id}`, { key });
  return trace.body.event;
}

describe('placeholders', () => {
  for (const field of ['transaction_id', 'click_id', 'customer_id', 'reference', 'coupon'])
    for (const value of [`{${field}}`, 'undefined', '0', 0, '  '])
      test(`an event with ${JSON.stringify(value)} as its ${field} is refused with the code placeholder`, async () => {
        const issues = await issuesOf(sale({ [field]: value }));
        assert.deepEqual(
          issues.map(({ path, code }) => `${path} ${code}`),
          [`${field} placeholder`],
        );
      });

  test('/postback refuses a macro that nobody replaced, and names the parameter as it was sent', async () => {
    for (const click of ['%7Bclick_id%7D', '{click_id}', '%257Bclick_id%257D']) {
      const path = `GET /postback?key=${key}&event=ftd&uid=7&cid=${click}`;
      const { status, body } = await api.call<Answer>(path);
      const issues = body.error?.issues?.map(({ path: at, code }) => `${at} ${code}`);
      assert.deepEqual([status, issues], [400, ['cid placeholder']]);
    }
  });

  test('ids that were not sent as UTF-8 are refused, since different ones would look alike', async () => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const body = Buffer.from(JSON.stringify(sale({ customer_id: 'M\u00fcller' })), 'latin1');
    const ofJson = await fetch(`${api.url}/v1/events`, { method: 'POST', headers, body });
    const ofForm = await fetch(`${api.url}/postback?key=${key}&event=ftd&customer_id=M%FCller`);
    for (const answer of [ofJson, ofForm]) {
      const { error } = (await answer.json()) as Answer;
      assert.deepEqual(
        [answer.status, error?.issues?.map(({ path, code }) => `${path} ${code}`)],
        [400, ['customer_id invalid_format']],
      );
    }
  });

  test('a batch refuses only its events with placeholders', async () => {
    const events = [sale(), sale({ customer_id: 'null' }), sale({ customer_id: 'nullable7' })];
    const { body } = await api.call<{ results: Answer[] }>('POST /v1/events/batch', {
      key,
      body: { events },
    });
    assert.deepEqual(
      body.results.map(({ status }) => status),
      ['accepted', 'invalid', 'accepted'],
    );
  });

  test('a sub may say anything, since it is free text', async () => {
    const { sub1, sub2 } = await sentAs(sale({ sub1: '{click_id}', sub2: 'null' }));
    assert.deepEqual([sub1, sub2], ['{click_id}', 'null']);
  });

  test('a click under a placeholder is refused, and so is one under empty text', async () => {
    const { body: affiliate } = await api.call<{ id: string }>('POST /v1/affiliates', {
      key,
      body: { name: 'A' },
    });
    for (const [click, code] of [
      ['[clickid]', 'placeholder'],
      ['', 'invalid_format'],
    ]) {
      const body = { affiliate_id: affiliate.id, click_id: click };
      const answer = await api.call<Answer>('POST /v1/clicks', { key, body });
      assert.deepEqual([answer.status, answer.body.error?.issues?.[0]?.code], [400, code]);
    }
  });

  test('refused placeholders are listed with their code, and onboarding counts them by field', async () => {
    const own = await api.newOperator();
    for (const event of [
      sale({ click_id: '{click_id}' }),
      sale({ click_id: 'null' }),
      sale({ customer_id: 'NaN' }),
      { event: 'party' },
    ])
      assert.equal((await send(event, own.key)).status, 400);
    const { body: onboarding } = await api.call<Checks>('GET /v1/onboarding', { key: own.key });
    const {
      check: _,
      todo: __,
      ...found
    } = onboarding.checks.find(({ check }) => check === 'placeholder_ids')!;
    const byField = [
      { field: 'click_id', count: 2 },
      { field: 'customer_id', count: 1 },
    ];
    assert.deepEqual(found, { state: 'attention', days: 7, refused: 3, by_field: byField });
    type Refusals = { data: { issue: { path: string; code: string } }[] };
    const { body: listed } = await api.call<Refusals>('GET /v1/refusals', { key: own.key });
    assert.deepEqual(
      listed.data.map(({ issue }) => `${issue.path} ${issue.code}`),
      ['event unknown_event', 'customer_id placeholder', 'click_id placeholder', 'click_id placeholder'],
    );
  });
});

describe('empty text and numbers', () => {
  test('empty text is no value in any optional field of an event', async () => {
    const empty = {
      click_id: '',
      amount: '',
      currency: '',
      volume: '',
      payout: '',
      reference: '',
      reference_event: '',
      sub1: '',
      coupon: '',
      occurred_at: '',
    };
    const event = sale();
    const { occurred_at: at, ...rest } = await sentAs({ ...event, ...empty });
    assert.deepEqual(rest, event);
    assert.ok(Date.parse(String(at)) > Date.now() - 60_000, 'the time of receipt');
    assert.equal((await send(event)).body.status, 'duplicate');
  });

  test('an event whose ids are all empty text lacks them, also when another field is invalid', async () => {
    const issues = await issuesOf({ event: 'sale', transaction_id: '', customer_id: '', amount: '1' });
    assert.deepEqual(
      issues.map(({ path, code }) => `${path} ${code}`),
      [
        'currency currency_required',
        'transaction_id transaction_id_required',
        'click_id click_or_customer_required',
      ],
    );
    const invalid = await issuesOf({ event: 'sale', transaction_id: '', customer_id: '', sub1: 7 });
    assert.deepEqual(
      invalid.map(({ path, code }) => `${path} ${code}`),
      ['sub1 invalid_type', 'transaction_id transaction_id_required', 'click_id click_or_customer_required'],
    );
  });

  test('a whole number is taken as an id, and equals its digits as text', async () => {
    const event = { event: 'sale', transaction_id: 7_001, customer_id: 12_345, coupon: 10 };
    const { customer_id: customer, transaction_id: id, coupon } = await sentAs(event);
    assert.deepEqual([id, customer, coupon], ['7001', '12345', '10']);
    assert.equal(
      (await send({ ...event, transaction_id: '7001', customer_id: '12345' })).body.status,
      'duplicate',
    );
  });

  for (const [value, code] of [
    [2 ** 53, 'too_large'],
    [1.5, 'invalid_type'],
    [true, 'invalid_type'],
    [{}, 'invalid_type'],
  ] as const)
    test(`an event with ${JSON.stringify(value)} as its customer is refused`, async () => {
      const [issue] = await issuesOf(sale({ customer_id: value }));
      assert.deepEqual([issue?.path, issue?.code], ['customer_id', code]);
    });
});

describe('own click ids', () => {
  const OWN = 'clk_01jdc5x7k2m8n4p6q9r1s3t5v7';

  test('an own click id is taken in capitals and with blanks around it, in every way in', async () => {
    const event = sale({ click_id: ` ${OWN.toUpperCase()} ` });
    assert.equal((await sentAs(event))['click_id'], OWN);
    assert.equal((await send({ ...event, click_id: OWN })).body.status, 'duplicate');
    const query = `key=${key}&event=kyc&click_id=%20${OWN.toUpperCase()}`;
    const first = await api.call<Answer>(`GET /postback?${query}`);
    assert.equal(first.status, 202);
    const again = await send({ event: 'kyc', click_id: OWN });
    assert.deepEqual([again.status, again.body.id], [200, first.body.id]);
  });

  test('a foreign click id keeps its capitals and blanks', async () => {
    assert.equal((await sentAs(sale({ click_id: ' AbC ' })))['click_id'], ' AbC ');
  });

  test('a click reported in capitals is found by its id in any case, and its arrival is noted', async () => {
    const { body: affiliate } = await api.call<{ id: string }>('POST /v1/affiliates', {
      key,
      body: { name: 'B' },
    });
    const body = { affiliate_id: affiliate.id, click_id: OWN.toUpperCase() };
    const reported = await api.call<{ click_id: string }>('POST /v1/clicks', { key, body });
    assert.deepEqual([reported.status, reported.body.click_id], [201, OWN]);
    assert.equal((await api.call(`GET /v1/clicks/${OWN.toUpperCase()}`, { key })).body['id'], OWN);
    assert.equal((await api.call(`POST /c/%20${OWN.toUpperCase()}/seen`)).status, 204);
    const isSeen = async () => (await api.call(`GET /v1/clicks/${OWN}`, { key })).body['seen_at'] !== null;
    for (const end = Date.now() + 5000; Date.now() < end && !(await isSeen());)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(await isSeen());
  });
});

describe('times', () => {
  for (const [value, advice] of [
    [0, /unset time/],
    ['0', /unset time/],
    [20261128, /without dashes: write 2026-11-28T00:00:00Z/],
    ['20261128', /without dashes: write 2026-11-28T00:00:00Z/],
    [99_999_999, /before the year 2000/],
    [946_684_799, /before the year 2000/],
    ['1999-12-31T23:59:59Z', /before the year 2000/],
    [1_795_341_600_000, /milliseconds/],
    ['1795341600000', /milliseconds/],
    ['2026-11-28', /RFC 3339/],
    [-1, /before the year 2000/],
    ['2126-11-28T00:00:00Z', /in the future/],
  ] as const)
    test(`an event at ${JSON.stringify(value)} is refused with advice: ${advice.source}`, async () => {
      const [issue] = await issuesOf(sale({ occurred_at: value }));
      assert.deepEqual([issue?.path, issue?.code], ['occurred_at', 'invalid_time']);
      assert.match(issue!.message, advice);
    });

  test('an event at the first moment of 2000 is accepted', async () => {
    assert.equal((await send(sale({ occurred_at: 946_684_800 }))).status, 202);
  });

  test('a click before 2000 is refused', async () => {
    const { body: affiliate } = await api.call<{ id: string }>('POST /v1/affiliates', {
      key,
      body: { name: 'C' },
    });
    const body = { affiliate_id: affiliate.id, clicked_at: '1999-12-31T23:59:59Z' };
    const answer = await api.call<Answer>('POST /v1/clicks', { key, body });
    assert.deepEqual([answer.status, answer.body.error?.issues?.[0]?.code], [400, 'invalid_time']);
  });
});

test('onboarding names payments sent as ftd and as deposit, and deposits without an amount', async () => {
  const own = await api.newOperator();
  const money = { amount: '100.00', currency: 'USD' };
  const ids: string[] = [];
  for (const event of [
    { event: 'ftd', transaction_id: 'p1', customer_id: 'u', ...money },
    { event: 'deposit', transaction_id: 'p1', customer_id: 'u', ...money },
    { event: 'ftd', transaction_id: 'p2', customer_id: 'v', ...money },
    { event: 'deposit', transaction_id: 'p2', customer_id: 'another', ...money },
    { event: 'deposit', transaction_id: 'p3', customer_id: 'u' },
    { event: 'deposit', transaction_id: 'p4', customer_id: 'u' },
  ])
    ids.push((await send(event, own.key)).body.id);
  const checksOf = async () => {
    const { checks } = (await api.call<Checks>('GET /v1/onboarding', { key: own.key })).body;
    return ['payments_sent_twice', 'deposits_without_amount'].map((name) => {
      const { todo: _, ...found } = checks.find(({ check }) => check === name)!;
      return found;
    });
  };
  const twice = {
    check: 'payments_sent_twice',
    state: 'attention',
    deposits: 6,
    sent_twice: 1,
    examples: ['p1'],
  };
  const bare = { check: 'deposits_without_amount', state: 'attention', deposits: 6 };
  assert.deepEqual(await checksOf(), [twice, { ...bare, without_amount: 2, examples: [ids[5], ids[4]] }]);
  assert.equal(
    (await api.call(`POST /v1/events/${ids[4]}/amend`, { key: own.key, body: money })).status,
    202,
  );
  assert.deepEqual(await checksOf(), [twice, { ...bare, without_amount: 1, examples: [ids[5]] }]);
});
