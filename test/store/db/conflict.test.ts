// Conflicts: errors after which a transaction that lost to a concurrent one may be retried.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConflictError, isConflict } from '../../../store/db/conflict.ts';

const postgresError = (code: string, constraint?: string): Error =>
  Object.assign(new Error('refused'), { code, constraint });

test('a transaction that loses a row, a lock or the key of a transfer to another transaction may be retried', () => {
  const conflicts = [
    new ConflictError('a slot was made meanwhile'),
    postgresError('40P01'),
    postgresError('40001'),
    postgresError('23505', 'transfers_idempotency'),
  ];
  assert.deepEqual(conflicts.map(isConflict), [true, true, true, true]);
});

test('a row refused for its content and an outage of PostgreSQL are no conflicts', () => {
  const others = [
    postgresError('23505', 'slots_pkey'),
    postgresError('23514', 'slots_check'),
    postgresError('57P01'),
    new Error('transfers_idempotency'),
  ];
  assert.deepEqual(others.map(isConflict), [false, false, false, false]);
});
