// Turns of batches: who waits for whom, between batches that are sent and batches to settle.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatchTurns } from '../../../activities/delivery/batch-turns.ts';

test('two batches have a turn at once, and settling waits while two more wait for theirs', async () => {
  const turns = createBatchTurns();
  const [first, second] = await Promise.all([turns.take(), turns.take()]);
  await turns.caughtUp();

  const seen: string[] = [];
  const third = turns.take().finally(() => seen.push('third has a turn'));
  const fourth = turns.take().finally(() => seen.push('fourth has a turn'));
  const settling = turns.caughtUp().then(() => seen.push('settling goes on'));
  first!();
  await third;
  await settling;
  assert.deepEqual(seen, ['third has a turn', 'settling goes on']);
  second!();
  assert.ok(await fourth);
});

test('settling does not wait for ever for turns that do not end', async () => {
  const turns = createBatchTurns();
  await Promise.all([turns.take(), turns.take()]);
  const waiting = [turns.take(), turns.take()];
  const startedAt = Date.now();
  await turns.caughtUp();
  assert.ok(Date.now() - startedAt >= 1900, 'it did not wait');
  assert.deepEqual(await Promise.all(waiting), [null, null]);
});
