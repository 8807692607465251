// The questions of the audit that settling does not share: it has nothing to say of stories that
// are settled by the rules, and names the rule that stored rows break. Each story is told once more
// with a deliberate defect in settling (test/mutations), which the audit must name.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { auditAll } from '../../../store/audit/audit.ts';
import type { Pool } from '../../../store/db/pool.ts';
import { STORIES, stageFor, type Story } from '../../support/audited-stories.ts';
import { withBooks } from '../../support/books.ts';
import { withCorruptedBooks } from '../../support/corrupted-books.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { applyChanges, pendingOf } from '../../support/settling.ts';

let database: TestDatabase;
let pool: Pool;
let told: Map<string, Told>;
before(async () => {
  database = await withDatabase();
  ({ pool } = database);
  told = await tellAll();
});
after(() => database.drop());

/** A story that was played: its operator, what it owes, and the checks that have findings. */
type Told = Story & { operatorId: string; owed: Record<string, bigint>; checks: Set<string> };

/** Checks that have findings about an operator now. */
async function checksNow(operatorId: string): Promise<string[]> {
  const checks = new Set<string>();
  const lines = auditAll(pool, (_, { check }) => checks.add(check), operatorId);
  for await (const _ of lines);
  return [...checks];
}

/** Plays all stories, and audits them once. */
async function tellAll(): Promise<Map<string, Told>> {
  const played = new Map<string, Told>();
  for (const story of STORIES) {
    const stage = await stageFor(pool, story.terms);
    const owed = await story.play(stage);
    // What asks to be judged again is left out by the audit until it was.
    await applyChanges(pool, stage.operatorId);
    played.set(stage.operatorId, { ...story, operatorId: stage.operatorId, owed, checks: new Set() });
  }
  const lines = auditAll(pool, (operatorId, { check }) => played.get(operatorId)?.checks.add(check));
  for await (const _ of lines);
  return new Map([...played.values()].map((one) => [one.title, one]));
}

describe('the audit has nothing to say of a story that is settled by the rules:', () => {
  for (const { check, title } of STORIES) {
    test(`${title} is no case of ${check}`, () => {
      assert.ok(!told.get(title)!.checks.has(check));
    });
    test(`${title} pays its sum, and all of the audit agrees`, async () => {
      const { owed, checks } = told.get(title)!;
      const affiliates = Object.keys(owed);
      const paid = await Promise.all(affiliates.map((id) => pendingOf(pool, id)));
      assert.deepEqual(Object.fromEntries(affiliates.map((id, index) => [id, paid[index]])), owed);
      assert.deepEqual([...checks], []);
    });
  }

  test('a month that a move to the west put first is no case of month_with_transfers_has_a_statement', async () => {
    const books = await withBooks(pool, 'Pacific/Kiritimati');
    await books.settle('2025-11-30T11:00:00Z', [{}]);
    await books.moveTo('UTC');
    await books.settle('2025-11-30T15:00:00Z', [{}, {}]);
    await books.close('2025-12', '2026-01-02T00:00:00Z');
    assert.ok(!(await checksNow(books.operatorId)).includes('month_with_transfers_has_a_statement'));
  });
});

describe('the audit names the rule that stored rows break:', () => {
  /**
   * The check, what was tampered with, the story, and the statement after `where operator_id = it`.
   */
  const cases: readonly [string, string, string, (of: string) => string][] = [
    [
      'event_is_attributed_in_time',
      'evidence that is later than its sale',
      'a sale whose exchange rate was corrected',
      (of) =>
        `update clicks set clicked_at = clicked_at + interval '9 days' ${of};
         update bindings set clicked_at = clicked_at + interval '9 days' ${of}`,
    ],
    [
      'event_set_aside_binds',
      'a deleted binding',
      'a sale that waits for its exchange rate',
      (of) => `delete from bindings ${of}`,
    ],
    [
      'event_is_its_customers_owners',
      'an earlier date of a move to another affiliate',
      'a customer whom a person moved to another affiliate',
      (of) => `update reassignments set from_at = from_at - interval '30 hours' ${of}`,
    ],
    [
      'bound_click_is_named',
      'a customer bound by an event that names a click only',
      'a customer known by the click of a sale that was voided',
      (of) =>
        `insert into bindings
           (operator_id, customer_id, affiliate_id, event_id, click_id, since, batch_id, bound_at, occurred_at)
         select e.operator_id, 'u', c.affiliate_id, e.id, c.id, c.clicked_at, 'bat_test', now(), e.occurred_at
         from (select * from clicks ${of}) c join (select * from events ${of} and customer_id is null) e
           on e.click_id = c.id`,
    ],
    [
      'bounty_is_paid_once',
      'a second bounty that is paid',
      'a customer who deposits under two deals',
      (of) => `update slots set gross_minor = 200_00, pending_minor = 200_00 ${of} and gross_minor = 0`,
    ],
    [
      'cap_holds_over_versions',
      'a month that pays a cent more than its cap',
      'a month of two versions with one cap',
      (of) =>
        `update slots set gross_minor = gross_minor + 1, pending_minor = pending_minor + 1 ${of}
           and gross_minor > 0`,
    ],
    [
      'paid_parent_is_of_the_date',
      'a part of a parent that is paid to a later one',
      'a revenue from before the parent changed',
      (of) =>
        `update slots set affiliate_id = (select parent_id from affiliate_parents ${of} order by since desc limit 1)
           ${of} and kind = 'override' and gross_minor > 0`,
    ],
    [
      'parent_of_the_date_is_paid',
      'a deleted part of a parent',
      'a parent who came in the middle of a month',
      (of) => `delete from slots ${of} and kind = 'override'`,
    ],
    [
      'month_is_of_the_date',
      'another month of a slot',
      'an operator who moves to another time zone',
      (of) => `update slots set period = '2020-01' ${of}`,
    ],
    [
      'lost_chargeback_takes_all',
      'a sale that pays although it was charged back',
      'a sale that is charged back again after a win',
      (of) => `update slots set void_minor = 0, pending_minor = gross_minor ${of}`,
    ],
    [
      'voided_event_counts_nowhere',
      'deleted facts of a conversion without its voided refund',
      'a refund that was voided',
      (of) => `delete from slot_facts ${of} and revision > 0`,
    ],
    [
      'replaced_rate_is_not_used',
      'deleted facts of a conversion by the new rate',
      'a sale whose exchange rate was corrected',
      (of) => `delete from slot_facts ${of} and revision > 0`,
    ],
    [
      'reversal_is_of_its_customer',
      'a chargeback in the slot of another customer',
      'a chargeback that names another customer than its sale',
      (of) =>
        `insert into slot_facts select operator_id, original_event_id, slot_id,
           (select id from events ${of} and type = 'chargeback'), 'chargeback', true, 100_00, 0,
           deal_version, occurred_at, batch_id, 0 from slot_facts ${of}`,
    ],
    [
      'reversal_takes_at_most_its_amount',
      'a chargeback that takes a cent more than its amount',
      'a chargeback of a customer with three sales, of the amount of one',
      (of) => `update slot_facts set amount_minor = amount_minor + 1 ${of} and type = 'chargeback'`,
    ],
  ];
  for (const [check, title, story, statement] of cases) {
    test(`${title} is a case of ${check}`, async () => {
      const { operatorId } = told.get(story)!;
      const corrupting = statement(`where operator_id = '${operatorId}'`);
      const checks = await withCorruptedBooks(pool, KEPT, corrupting, () => checksNow(operatorId));
      assert.ok(checks.includes(check), checks.join());
    });
  }
});

const KEPT = ['bindings', 'clicks', 'reassignments', 'slot_facts', 'slots'];
