// Parameters of operations that take none are refused, not ignored.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { RESOURCES } from '../../../api/resources.ts';
import { ADMIN_TOKEN, withApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
let key: string;

before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
});
after(() => api.close());

type Refusal = { error?: { code: string; issues?: { path: string; code: string }[] } };

const operations = RESOURCES.flatMap(({ operations: some }) => Object.entries(some)).filter(
  ([route, { who }]) => who !== 'anybody' && route.includes(' /v1/'),
);

test('an operation without parameters refuses one by its name, and does nothing', async () => {
  const without = operations.filter(([, { query }]) => query === undefined);
  assert.ok(without.length > 50, `${without.length}`);
  for (const [route, { who }] of without) {
    const answer = await api.call<Refusal>(`${route.replace(/:\w+/g, 'unknown')}?dry_run=true`, {
      key: who === 'admin' ? ADMIN_TOKEN : key,
    });
    const { code, issues = [] } = answer.body.error ?? { code: 'none' };
    assert.deepEqual(
      [answer.status, code, ...issues.map((issue) => `${issue.path} ${issue.code}`)],
      [400, 'invalid_request', 'dry_run unknown_field'],
      route,
    );
  }
});
