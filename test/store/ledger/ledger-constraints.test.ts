// Tests of constraints of the ledger tables: each refusal of PostgreSQL is tried by SQL on valid
// rows.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';
import { statementResult } from '../../support/database-refusals.ts';
import { createSettling } from '../../support/settling.ts';

let database: TestDatabase;

before(async () => {
  database = await withDatabase();
  const { pool } = database;
  // Two operators, so that a row can name the wrong operator.
  for (const _ of [1, 2]) {
    const operator = await withOperator(pool);
    await operator.addEndpoint('http://127.0.0.1:9/');
    const ids = await operator.ingest([
      { customerId: 'c' },
      { type: 'fraud', customerId: 'c', occurredAt: Date.now() + 1 },
      {},
    ]);
    await createSettling(pool)(operator.operatorId, ids);
  }
  await pool.query(
    `insert into event_conflicts (operator_id, id, event_id, content_hash, sent) select operator_id, 'cfl_1', id, content_hash, '{}' from events limit 1`,
  );
});
after(() => database.drop());

const answerTo = (statement: string): Promise<string> => statementResult(database.pool, statement);

const APPEND_ONLY = [
  'events',
  'event_conflicts',
  'deal_versions',
  'slot_facts',
  'ratings',
  'accounts',
  'transfers',
];

describe('append-only tables are never edited:', () => {
  for (const table of APPEND_ONLY) {
    test(`${table} refuses update, delete and truncate`, async () => {
      const statements = [
        `update ${table} set operator_id = operator_id`,
        `delete from ${table}`,
        `truncate ${table} cascade`,
      ];
      assert.deepEqual(await Promise.all(statements.map(answerTo)), ['23000', '23000', '23000']);
    });
  }

  test('an attempt is never rewritten, but its monthly partition can be dropped', async () => {
    await database.pool.query(
      `insert into attempts (operator_id, id, delivery_id, number, cause, started_at, duration_ms) values ('opr', 'att_0', 'dlv', 1, 'first', now(), 1)`,
    );
    assert.equal(await answerTo(`update attempts set status_code = 200`), '23000');
    assert.equal(await answerTo(`delete from attempts`), 'done with 1 rows');
  });
});

/** Inserts a copy of a conversion's fact, with other columns in SQL. */
function factWith(changes: Record<string, string>): string {
  const copied = `operator_id original_event_id slot_id event_id type whole amount_minor basis_minor
    volume_e4 deal_version occurred_at batch_id`.split(/\s+/);
  const columns = { ...Object.fromEntries(copied.map((name) => [name, name])), ...changes };
  return `insert into slot_facts (${Object.keys(columns).join(', ')}) select ${Object.values(columns).join(', ')}
    from slot_facts where event_id = original_event_id limit 1`;
}

/** Inserts a copy of a transfer, with other columns in SQL. */
function transferWith(changes: Record<string, string>): string {
  const columns = {
    operator_id: 't.operator_id',
    id: `'trf_x'`,
    posting_group: 'posting_group',
    currency: 'currency',
    debit_account: 'debit_account',
    credit_account: 'credit_account',
    amount_minor: 'amount_minor',
    code: 'code',
    affiliate_id: 'affiliate_id',
    slot_id: 'slot_id',
    slot_seq: '99',
    occurred_at: 'occurred_at',
    posted_at: 'posted_at',
    period: 'period',
    origin_period: 'origin_period',
    ...changes,
  };
  return `insert into transfers (${Object.keys(columns).join(', ')}) select ${Object.values(columns).join(', ')} from transfers t order by id limit 1`;
}

const OTHER_OPERATOR = '(select max(id) from operators)';

describe('the ledger refuses', () => {
  const cases: readonly [string, string, string][] = [
    ['no valid transfer', transferWith({}), 'done with 1 rows'],
    ['a transfer of zero', transferWith({ amount_minor: '0' }), '23514 transfers_amount_minor_check'],
    [
      'a negative transfer',
      transferWith({ amount_minor: '-amount_minor' }),
      '23514 transfers_amount_minor_check',
    ],
    [
      'a transfer from an account to itself',
      transferWith({ credit_account: 'debit_account' }),
      '23514 transfers_check',
    ],
    [
      'a transfer in another currency than its accounts',
      transferWith({ currency: `'EUR'` }),
      '23503 transfers_between_accounts',
    ],
    [
      'a transfer from another operator’s account',
      transferWith({ operator_id: OTHER_OPERATOR }),
      '23503 transfers_between_accounts',
    ],
    [
      'a transfer to an account that does not exist',
      transferWith({ credit_account: `'pending/aff_x'` }),
      '23503 transfers_between_accounts',
    ],
    ['a slot’s transfer without its number', transferWith({ slot_seq: 'null' }), '23514 transfers_check1'],
    [
      'two transfers of a slot with the same number',
      transferWith({ slot_seq: 'slot_seq' }),
      '23505 transfers_operator_id_slot_id_slot_seq_key',
    ],
    [
      'a slot with parts that do not add up',
      `update slots set gross_minor = gross_minor + 1`,
      '23514 parts_add_up',
    ],
    [
      'a slot with a negative amount',
      `update slots set gross_minor = 1, void_minor = 0, pending_minor = -1, payable_minor = 2`,
      '23514 slots_pending_minor_check',
    ],
    [
      'a slot with more reversed than was earned',
      `update slots set debt_minor = gross_minor + 1`,
      '23514 never_more_back_than_given',
    ],
    [
      'a second slot with the same key',
      `insert into slots (operator_id, id, key, affiliate_id, deal_id, deal_version, component, kind, currency, hold_until)
       select operator_id, 'slot_x', key, affiliate_id, deal_id, deal_version, component, kind, currency, hold_until
       from slots where source_id is null limit 1`,
      '23505 slots_operator_id_key_key',
    ],
    [
      'a repeated fact of a slot',
      `insert into slot_facts select * from slot_facts limit 1`,
      '23505 slot_facts_pkey',
    ],
    ['no fact of another revision', factWith({ revision: '7' }), 'done with 1 rows'],
    ['a fact of a negative revision', factWith({ revision: '-1' }), '23514 slot_facts_revision_check'],
    [
      'a conversion that leaves a slot in the name of another event',
      factWith({ type: `'left'`, event_id: `'evt_x'`, revision: '8' }),
      '23514 left_and_rejected_are_of_the_conversion',
    ],
    [
      'a second balance in one currency',
      `insert into balances select * from balances limit 1`,
      '23505 balances_pkey',
    ],
    [
      'a second account of the same purpose',
      `insert into accounts select operator_id, 'x', purpose, affiliate_id, currency, exponent from accounts where purpose = 'expense' limit 1`,
      '23505 accounts_operator_id_purpose_affiliate_id_currency_key',
    ],
  ];
  for (const [title, statement, expected] of cases) {
    test(`the ledger refuses ${title}`, async () => assert.equal(await answerTo(statement), expected));
  }
});

describe('the inbox and outbox tables refuse', () => {
  const cases: readonly [string, string, string][] = [
    [
      'a second binding of a customer',
      `insert into bindings select * from bindings limit 1`,
      '23505 bindings_pkey',
    ],
    [
      'a second outcome of an event',
      `insert into event_outcomes select * from event_outcomes limit 1`,
      '23505 event_outcomes_pkey',
    ],
    [
      'a second event with the same key',
      `insert into events (operator_id, id, type, key_kind, key, content_hash, occurred_at, received_at)
       select operator_id, 'evt_x', type, key_kind, key, content_hash, occurred_at, received_at from events limit 1`,
      '23505 events_operator_id_key_type_key_kind_key',
    ],
    [
      'a postback without an owner',
      `update deliveries set owner = null, predecessor_id = null`,
      '23514 one_owner_until_finished',
    ],
    [
      'a finished postback with an owner',
      `update deliveries set state = 'delivered'`,
      '23514 one_owner_until_finished',
    ],
    [
      'a postback with two owners',
      `update deliveries set owner = 'batch,endpoint'`,
      '23514 deliveries_owner_check',
    ],
    [
      'a waiting postback without its predecessor',
      `update deliveries set owner = 'predecessor', predecessor_id = null`,
      '23514 waits_for_somebody',
    ],
  ];
  for (const [title, statement, expected] of cases) {
    test(`the inbox and outbox tables refuse ${title}`, async () =>
      assert.equal(await answerTo(statement), expected));
  }
});
