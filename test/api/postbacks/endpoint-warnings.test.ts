// Endpoint settings that saving refuses or warns of: pasted blanks, damaged and foreign macros, and
// the same URL twice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withApi, type TestApi } from '../../support/api.ts';

type Warning = { code: string; path: string; message: string };
type Saved = { id: string; url: string; warnings: Warning[] };
type Failure = { error: { code: string; issues?: { path: string; code: string; message: string }[] } };

let api: TestApi;
let key: string;
before(async () => {
  api = await withApi();
  ({ key } = await api.newOperator());
});
after(() => api.close());

const URL = 'http://127.0.0.1:9/p';

async function save(body: object): Promise<Saved> {
  const answer = await api.call<Saved>('POST /v1/endpoints', { key, body });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}

async function refusal(body: object, request = 'POST /v1/endpoints') {
  const answer = await api.call<Failure>(request, { key, body });
  assert.equal(answer.status, 400, JSON.stringify(answer.body));
  return answer.body.error.issues!;
}

for (const [name, around] of [
  ['a trailing blank', ['', ' ']],
  ['a leading blank', [' ', '']],
  ['a line end', ['', '\r\n']],
  ['a tab and a no-break space', ['\t', '\u00a0']],
] as const)
  test(`an endpoint is saved without ${name} around its URL`, async () => {
    const { url, warnings } = await save({ url: `${around[0]}${URL}?${name.length}${around[1]}` });
    assert.deepEqual([url, warnings], [`${URL}?${name.length}`, []]);
    const { id } = await save({ url: `${URL}?patch-${name.length}` });
    const change = { url: `${around[0]}${URL}?changed-${name.length}${around[1]}` };
    const changed = await api.call<Saved>(`PATCH /v1/endpoints/${id}`, { key, body: change });
    assert.equal(changed.body.url, `${URL}?changed-${name.length}`);
  });

test('an endpoint with a blank inside its URL is refused with its place', async () => {
  const [issue, ...others] = await refusal({ url: `  ${URL}?a= b` });
  assert.deepEqual(issue, {
    path: 'url',
    code: 'invalid_url',
    message: 'this URL has a blank or line end inside, at character 24',
  });
  assert.deepEqual(others, []);
  const [control] = await refusal({ url: `${URL}?a=\u0001b` });
  assert.equal(control!.message, 'this URL has a control character inside, at character 24');
});

test('an endpoint whose macros stand behind a # is refused, and the importer is named', async () => {
  const [issue] = await refusal({ url: `${URL}?cid=#s2#&payout=#price#` });
  assert.deepEqual([issue!.path, issue!.code], ['url', 'fragment']);
  assert.match(issue!.message, /POST \/v1\/endpoints\/import .* at character 26$/);
});

test('an endpoint with a damaged macro in its URL, a header or a form field is refused, each by its path', async () => {
  const issues = await refusal({
    url: `${URL}?cid=%7Bclick_id%7D&amp;t={transaction_id}`,
    body: 'form',
    form: { cid: '%7Bclick_id%7D', ok: '{click_id}' },
    headers: { 'x-click': 'id=%7Bclick_id%7D' },
  });
  assert.deepEqual(
    issues.map(({ path, code }) => `${path} ${code}`),
    ['headers.x-click encoded_macro', 'form.cid encoded_macro', 'url html_entity', 'url encoded_macro'],
  );
  const { id } = await save({ url: `${URL}?damaged` });
  const [issue] = await refusal({ headers: { 'x-click': '%7Bclick_id%7D' } }, `PATCH /v1/endpoints/${id}`);
  assert.equal(issue!.path, 'headers.x-click');
});

test('an endpoint with what looks like a macro is saved with a warning for each', async () => {
  const { warnings } = await save({
    url: `${URL}?cid=[clickid]#top`,
    body: 'form',
    form: { cid: '#s2#' },
    headers: { 'x-click': '<click>' },
  });
  assert.deepEqual(
    warnings.map(({ path, code }) => `${path} ${code}`),
    ['headers.x-click lookalike', 'form.cid lookalike', 'url fragment', 'url lookalike'],
  );
  assert.match(warnings[3]!.message, /^\[clickid\] is sent as it stands; .* at character 26$/);
});

test('an endpoint is saved without blanks and line ends around the values of its headers', async () => {
  const headers = { authorization: ' Bearer abc\r\n' };
  const { id } = await save({ url: `${URL}?headers`, headers });
  const saved = await api.call<{ headers: object }>(`GET /v1/endpoints/${id}`, { key });
  assert.deepEqual(saved.body.headers, { authorization: 'Bearer abc' });
});

test('an endpoint that would tell its receiver nothing is saved with a warning, also when a change makes it so', async () => {
  const codes = ({ warnings }: Saved) => warnings.map(({ path, code }) => `${path} ${code}`);
  const get = { url: `${URL}?nothing`, method: 'GET' };
  assert.deepEqual(codes(await save(get)), ['url no_macro']);
  assert.deepEqual(codes(await save({ ...get, url: `${URL}?a={click_id}` })), []);
  assert.deepEqual(codes(await save({ ...get, url: `${URL}?b`, headers: { 'x-click': '{click_id}' } })), []);
  const form = { url: `${URL}?form={click_id}`, body: 'form', form: { cid: '{click_id}' } };
  assert.deepEqual(codes(await save({ ...form, method: 'GET' })), ['form unsent_form']);
  const { id } = await save({ ...form, url: `${URL}?post` });
  const change = async (body: object) =>
    codes((await api.call<Saved>(`PATCH /v1/endpoints/${id}`, { key, body })).body);
  assert.deepEqual(await change({ max_in_flight: 2 }), []);
  assert.deepEqual(await change({ body: 'json' }), ['form unsent_form']);
  assert.deepEqual(await change({ form: null, method: 'GET' }), ['url no_macro']);
});

test('an endpoint at port 0 is refused', async () => {
  const [issue] = await refusal({ url: 'http://127.0.0.1:0/p' });
  assert.deepEqual([issue!.path, issue!.message], ['url', 'no server can be called at port 0']);
});

test('a second endpoint with the URL of another of its affiliate is saved with a warning that names the other', async () => {
  const affiliate = async (name: string) =>
    (await api.call<{ id: string }>('POST /v1/affiliates', { key, body: { name } })).body.id;
  const [one, two] = [await affiliate('one'), await affiliate('two')];
  const url = `${URL}?twice`;
  const first = await save({ affiliate_id: one, url });
  assert.deepEqual(first.warnings, []);
  const second = await save({ affiliate_id: one, url: `${url.replace('http', 'HTTP')}#top ` });
  assert.deepEqual(
    second.warnings.map(({ code, path }) => [code, path]),
    [
      ['fragment', 'url'],
      ['same_url', 'url'],
    ],
  );
  assert.ok(second.warnings[1]!.message.startsWith(first.id));
  assert.deepEqual((await save({ affiliate_id: two, url })).warnings, [], 'of another affiliate');
  assert.deepEqual((await save({ url })).warnings, [], "the operator's own webhook");
  assert.equal((await save({ url })).warnings.length, 1);
  const other = await save({ affiliate_id: one, url: `${url}&x=1` });
  const change = async (body: object) =>
    (await api.call<Saved>(`PATCH /v1/endpoints/${other.id}`, { key, body })).body.warnings.length;
  assert.deepEqual([await change({ max_in_flight: 2 }), await change({ url })], [0, 1]);
  for (const { id } of [first, second]) await api.call(`DELETE /v1/endpoints/${id}`, { key });
  assert.equal(await change({ url }), 0, 'deleted endpoints get nothing');
});

test('an import repairs &amp; and warns of what no platform has as a macro', async () => {
  const body = { dialect: 'auto', url: ` ${URL}?cid=#s2#&amp;x=[clickid] ` };
  const { status, body: imported } = await api.call<Saved>('POST /v1/endpoints/import', { key, body });
  assert.equal(status, 200);
  assert.equal(imported.url, `${URL}?cid={sub2}&x=[clickid]`);
  assert.deepEqual(
    imported.warnings.map(({ code }) => code),
    ['lookalike'],
  );
});

test('an endpoint wakes its queue when its URL changes, and not when it is saved again as it was', async () => {
  const { id } = await save({ url: `${URL}?from` });
  const signals = () => api.workflowCalls.filter((signal) => signal.endsWith(id));
  const change = (body: object) => api.call(`PATCH /v1/endpoints/${id}`, { key, body });
  await change({ url: `${URL}?from`, max_in_flight: 2 });
  await change({ headers: { 'x-a': 'b' } });
  assert.deepEqual(signals(), []);
  await change({ url: `${URL}?to` });
  assert.deepEqual(signals(), [`switched ${id}`]);
});
