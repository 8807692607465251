// The log of API and worker: errors in words, without what PostgreSQL quotes of rows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../log.ts';

test('a logged error tells its message, code and cause, under the name of the SDK too, and no row that PostgreSQL quotes', () => {
  let line = '';
  const log = createLogger('info', 'worker', { write: (text) => void (line += text) });
  const refused = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Key (email)=(a@b.c)' });
  log.warn({ error: new Error('an event was not written', { cause: refused }) }, 'Activity failed');
  log.warn({ err: refused }, 'refused');
  const [sdk, own] = line
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as Record<string, never>);
  const { error } = sdk as unknown as {
    error: { message: string; cause: { message: string; code: string } };
  };
  assert.equal(error.message, 'an event was not written');
  assert.deepEqual([error.cause.message, error.cause.code], ['duplicate key', '23505']);
  assert.equal((own as unknown as { err: { code: string } }).err.code, '23505');
  assert.doesNotMatch(line, /a@b\.c/);
});

test('a secret is hidden by its name', () => {
  let line = '';
  const log = createLogger('info', 'api', { write: (text) => void (line += text) });
  log.info({ secret: 'whsec_1', of: { password: 'p' } }, 'saved');
  const saved = JSON.parse(line) as Record<string, unknown>;
  assert.deepEqual([saved['secret'], saved['of']], ['[hidden]', { password: '[hidden]' }]);
});
