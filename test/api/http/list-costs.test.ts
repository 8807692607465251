// Costs of lists and reports: a bounded number of rows read, whatever their filter and however many
// events the operator has.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createDocument } from '../../../api/openapi/document.ts';
import { RESOURCES } from '../../../api/resources.ts';
import { writeListsData, type ListsData } from '../../../bench/lists/data.ts';
import { readingsOf } from '../../../bench/lists/requests.ts';
import { LOOKED_AT } from '../../../store/db/look-through.ts';
import { withApi, type TestApi } from '../../support/api.ts';
import { countRowsRead } from '../../support/rows-read.ts';

const EVENTS = 100_000;
/**
 * The rows it looks through, what these are compared with in two other tables, and where it ended.
 * A list that reads all events reads more.
 */
const READ_AT_MOST = 4 * LOOKED_AT + 5000;

let api: TestApi;
let key: string;
let data: ListsData;
before(async () => {
  api = await withApi();
  const operator = await api.newOperator();
  key = operator.key;
  data = await writeListsData(api.pool, operator.id, EVENTS);
});
after(() => api.close());

test('no list and no report reads more than a bounded number of rows, whatever its filter', async () => {
  const counter = countRowsRead(api.pool);
  const tooMany: string[] = [];
  for (const { request, body } of readingsOf(createDocument(api.url, RESOURCES), data)) {
    const [method = '', path = ''] = request.split(' ');
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(api.url + path, { method, headers, ...sent });
    await answer.arrayBuffer();
    const rows = counter.take();
    if (rows > READ_AT_MOST || answer.status >= 500)
      tooMany.push(`${answer.status} ${rows} ${request} ${sent.body ?? ''}`);
  }
  assert.deepEqual(tooMany, []);
});
