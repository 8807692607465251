// The stored history of parents: what readers get, and what the previous release's writes add.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parentsAt } from '../../../domain/attribution/parents.ts';
import { newId } from '../../../store/db/ids.ts';
import { createAffiliates } from '../../../store/attribution/affiliates.ts';
import { readParentHistory } from '../../../store/attribution/parents.ts';
import { withDatabase, type TestDatabase } from '../../support/database.ts';
import { withOperator } from '../../support/operator.ts';

let database: TestDatabase;
let operatorId: string;
before(async () => {
  database = await withDatabase();
  ({ operatorId } = await withOperator(database.pool));
});
after(() => database.drop());

const affiliates = () => createAffiliates(database.pool);

async function anAffiliate(parentId: string | null = null): Promise<string> {
  const id = newId('aff');
  await affiliates().insert(operatorId, { id, name: id, externalId: null, parentId });
  return id;
}

async function setParent(id: string, parentId: string | null, since: string | null): Promise<void> {
  const parent = { parentId, since: since === null ? null : new Date(since) };
  const changed = await affiliates().update(operatorId, id, { parent });
  assert.ok(changed !== null && typeof changed !== 'string');
}

test('the history of parents reaches up through parents of any time, and begins with the first parent', async () => {
  const [top, other] = [await anAffiliate(), await anAffiliate()];
  const [low, middle] = [await anAffiliate(), await anAffiliate(top)];
  await setParent(low, middle, '2026-03-01T00:00:00Z');
  await setParent(low, other, '2026-05-01T00:00:00Z');
  await setParent(other, top, '2026-06-01T00:00:00Z');
  const history = await readParentHistory(database.pool, operatorId, [low]);
  assert.deepEqual(
    history,
    new Map([
      [
        low,
        [
          { since: Date.UTC(2026, 2), parentId: middle },
          { since: Date.UTC(2026, 4), parentId: other },
        ],
      ],
      [middle, [{ since: -Infinity, parentId: top }]],
      [other, [{ since: Date.UTC(2026, 5), parentId: top }]],
    ]),
  );
  assert.deepEqual(parentsAt(history, low, Date.UTC(2026, 3), 5), [middle, top]);
});

test('the last parent given for a moment counts, and earlier rows stay', async () => {
  const [a, b, low] = [await anAffiliate(), await anAffiliate(), await anAffiliate()];
  for (const parent of [a, b]) await setParent(low, parent, '2026-03-01T00:00:00Z');
  const history = await readParentHistory(database.pool, operatorId, [low]);
  assert.deepEqual(history.get(low), [{ since: Date.UTC(2026, 2), parentId: b }]);
  const { rows } = await database.pool.query(
    `select parent_id from affiliate_parents where affiliate_id = $1 order by number`,
    [low],
  );
  assert.deepEqual(rows, [{ parent_id: a }, { parent_id: b }]);
  await assert.rejects(database.pool.query(`delete from affiliate_parents`), /append-only/);
});

test('a future parent is not among the parents of now', async () => {
  const [now, later, low] = [await anAffiliate(), await anAffiliate(), await anAffiliate()];
  await setParent(low, now, null);
  await setParent(low, later, '2099-01-01T00:00:00Z');
  const history = await readParentHistory(database.pool, operatorId, [low, now]);
  assert.deepEqual(parentsAt(history, low, Date.now(), 5), [now]);
  assert.deepEqual(parentsAt(history, low, Date.UTC(2099, 1), 5), [later]);
});
