// Lists of values: those in the code equal those in the database.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { METHODS } from '../../../domain/attribution/attribution.ts';
import { SLOT_KINDS } from '../../../domain/commission/slot-kinds.ts';
import {
  ATTEMPT_CAUSES,
  DELIVERY_STATES,
  OWNERS,
  UNSCHEDULED_CAUSES,
} from '../../../domain/delivery/deliveries.ts';
import { CHANNEL_KINDS } from '../../../domain/delivery/channels.ts';
import {
  BODY_FORMATS,
  ENDPOINT_METHODS,
  ENDPOINT_STATES,
  SIGNING_KINDS,
} from '../../../domain/delivery/endpoints.ts';
import { AFFILIATE_PURPOSES, OPERATOR_PURPOSES } from '../../../domain/keys.ts';
import { PAYOUT_STATES } from '../../../domain/ledger/lifecycle.ts';
import { RUN_RESULTS, RUN_STATES } from '../../../domain/ledger/payout-runs.ts';
import {
  BULK_EVENTS,
  EVENT_KEY_KINDS,
  EVENT_OUTCOMES,
  NEGATIVE_EVENTS,
  SUBS,
} from '../../../domain/types.ts';
import { AUDITED_BY } from '../../../store/access/audit-log.ts';
import { AMENDMENT_STATES } from '../../../store/agreements/amendments.ts';
import { sqlList } from '../../../store/db/sql-list.ts';
import { STUCK_ACTIONS } from '../../../domain/delivery/stuck.ts';
import { BULK_STATES } from '../../../store/delivery/bulk-actions.ts';
import { REPLAY_STATES } from '../../../store/delivery/replays.ts';
import { VERDICTS } from '../../../store/ledger/decision-rows.ts';
import { PERIOD_STATUSES } from '../../../store/ledger/periods.ts';
import { CLICK_CHOICES, EXISTING_CUSTOMERS, WITHOUT_TRANSACTION_ID } from '../../../store/setup/operators.ts';
import { APPLIES_TO } from '../../../store/agreements/deals.ts';
import { AFFILIATE_STATES } from '../../../store/attribution/affiliates.ts';
import { IMPORT_STATES } from '../../../store/intake/imports.ts';
import { ERASURE_STATES } from '../../../store/upkeep/erasures.ts';
import { LINK_STATES } from '../../../store/attribution/links.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
before(async () => (database = await withDatabase()));
after(() => database.drop());

const quotedIn = (definition: string) => Array.from(definition.matchAll(/'(\w+)'/g), ([, value]) => value!);

const LISTS: Record<string, readonly string[]> = {
  'accounts.purpose': [...AFFILIATE_PURPOSES, ...OPERATOR_PURPOSES],
  'affiliates.state': AFFILIATE_STATES,
  'amendments.state': AMENDMENT_STATES,
  'attempts.cause': ATTEMPT_CAUSES,
  'audit_log.by': AUDITED_BY,
  'commission_decisions.decision': VERDICTS,
  'deal_versions.applies_to': APPLIES_TO,
  'deliveries.next_cause': UNSCHEDULED_CAUSES,
  'deliveries.owner': OWNERS,
  'deliveries.state': DELIVERY_STATES,
  'endpoints.body': BODY_FORMATS,
  'endpoints.method': ENDPOINT_METHODS,
  'endpoints.signing': SIGNING_KINDS,
  'endpoints.state': ENDPOINT_STATES,
  'erasures.state': ERASURE_STATES,
  'event_outcomes.method': METHODS,
  'event_outcomes.status': EVENT_OUTCOMES,
  'events.key_kind': EVENT_KEY_KINDS,
  'imports.state': IMPORT_STATES,
  'links.state': LINK_STATES,
  'notice_channels.kind': CHANNEL_KINDS,
  'operators.click_choice': CLICK_CHOICES,
  'operators.existing_customers': EXISTING_CUSTOMERS,
  'operators.without_transaction_id': WITHOUT_TRANSACTION_ID,
  'payout_states.state': PAYOUT_STATES,
  'payout_run_items.result': RUN_RESULTS,
  'payout_runs.state': RUN_STATES,
  'payouts.state': PAYOUT_STATES,
  'periods.status': PERIOD_STATUSES,
  'replays.state': REPLAY_STATES,
  'stuck_actions.action': STUCK_ACTIONS,
  'stuck_actions.state': BULK_STATES,
  'slots.kind': SLOT_KINDS,
};

/** The definitions of the checks that list the values of one column, by table and column. */
async function readChecks(): Promise<Map<string, string>> {
  const { rows } = await database.pool.query<{ column: string; definition: string }>(
    `select c.conrelid::regclass || '.' || a.attname as column, pg_get_constraintdef(c.oid) as definition
     from pg_constraint c
     join pg_class t on t.oid = c.conrelid and not t.relispartition
     join pg_attribute a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]
     where c.contype = 'c' and c.connamespace = 'public'::regnamespace
       and pg_get_constraintdef(c.oid) like '%= ANY (ARRAY[%'`,
  );
  return new Map(rows.map(({ column, definition }) => [column, definition]));
}

for (const [column, values] of Object.entries(LISTS)) {
  test(`the check on ${column} allows every value of its list in the code and no other`, async () => {
    const definition = (await readChecks()).get(column);
    assert.deepEqual(quotedIn(definition ?? '').toSorted(), values.toSorted());
  });
}

test('every check that lists the values of a column has a list in the code', async () => {
  assert.deepEqual([...(await readChecks()).keys()].toSorted(), Object.keys(LISTS).toSorted());
});

test('the partial index of reversals by subject covers every negative event and no other', async () => {
  const { rows } = await database.pool.query<{ definition: string }>(
    `select pg_get_indexdef('events_against_subject'::regclass) as definition`,
  );
  assert.deepEqual(quotedIn(rows[0]!.definition).toSorted(), NEGATIVE_EVENTS.toSorted());
});

test('the index of events by type leaves out the bulk events and no other', async () => {
  const { rows } = await database.pool.query<{ definition: string }>(
    `select pg_get_indexdef('events_type'::regclass) as definition`,
  );
  assert.deepEqual(quotedIn(rows[0]!.definition).toSorted(), BULK_EVENTS.toSorted());
});

for (const table of ['events', 'clicks', 'bindings']) {
  test(`the table ${table} has a column for every sub and no other`, async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      `select attname as name from pg_attribute
       where attrelid = $1::regclass and attname ~ '^sub[0-9]+$' and not attisdropped order by attname`,
      [table],
    );
    assert.deepEqual(
      rows.map(({ name }) => name),
      [...SUBS],
    );
  });
}

test('the lookup of reversals by subject uses their partial index', async () => {
  const client = await database.pool.connect();
  try {
    await client.query('begin; set local enable_seqscan = off');
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `explain select id from events where operator_id = 'opr' and subject = 'customer 1'
         and reference is null and type in ${sqlList(NEGATIVE_EVENTS)}`,
    );
    assert.match(rows.map((row) => row['QUERY PLAN']).join('\n'), /events_against_subject/);
  } finally {
    await client.query('rollback');
    client.release();
  }
});
