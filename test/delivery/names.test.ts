// Look-ups of names against a name server on loopback: answers, their lifetime, silence, and the
// places that silent names take.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createNames, type LookUp, type Names } from '../../delivery/names.ts';
import { eventually } from '../support/eventually.ts';
import { SILENT, startNameServer, type Entry, type NameServer } from '../support/name-server.ts';

const closing: (() => unknown)[] = [];
after(() => Promise.all(closing.map((close) => close())));

async function serverWith(
  table: Record<string, Entry>,
  fallback?: (name: string) => Entry,
): Promise<NameServer> {
  const server = await startNameServer(table, fallback);
  closing.push(() => server.close());
  return server;
}

type Clock = { nowMs: number };

function namesOf(servers: readonly NameServer[], clock?: Clock): Names {
  const names = createNames({
    servers: servers.map(({ address }) => address),
    ...(clock && { now: () => clock.nowMs }),
  });
  closing.push(names.close);
  return names;
}

const found = (...addresses: string[]): LookUp => ({ kind: 'found', addresses });

/** Runs a look-up and returns its result with the time it took, in milliseconds. */
async function timed(work: Promise<LookUp>): Promise<[LookUp, number]> {
  const startedAt = performance.now();
  return [await work, performance.now() - startedAt];
}

test('a name is looked up with its IPv4 addresses first, also behind an alias', async () => {
  const server = await serverWith({
    'both.test': { a: ['127.0.0.1', '127.0.0.2'], aaaa: ['::1'] },
    'six.test': { aaaa: ['2001:db8::7'] },
    'alias.test': { cname: 'pool.other.test', a: ['127.0.0.3'] },
  });
  const names = namesOf([server]);
  assert.deepEqual(await names.lookUp('both.test'), found('127.0.0.1', '127.0.0.2', '::1'));
  assert.deepEqual(await names.lookUp('six.test'), found('2001:db8::7'));
  assert.deepEqual(await names.lookUp('alias.test'), found('127.0.0.3'));
});

test('a result says whether a name is certainly absent or nobody could tell', async () => {
  const server = await serverWith({
    'empty.test': {},
    'failing.test': { code: 'SERVFAIL' },
    'refused.test': { code: 'REFUSED' },
  });
  const names = namesOf([server]);
  for (const [name, kind] of [
    ['nowhere.test', 'no_such_name'],
    ['lapsed.invalid', 'no_such_name'],
    [`${'x'.repeat(64)}.test`, 'no_such_name'],
    ['empty.test', 'no_address'],
    ['failing.test', 'failed'],
    ['refused.test', 'failed'],
  ] as const) {
    assert.equal((await names.lookUp(name)).kind, kind, name);
  }
  assert.equal(server.count('lapsed.invalid'), 0);
});

test('an answer that does not fit into a datagram is fetched by TCP', async () => {
  const many = Array.from({ length: 60 }, (_, index) => `127.0.1.${index + 1}`);
  const server = await serverWith({ 'many.test': { a: many, truncated: true } });
  assert.deepEqual(await namesOf([server]).lookUp('many.test'), found(...many));
  assert.deepEqual(
    server.asked.filter(({ family }) => family === 'a').map(({ by }) => by),
    ['udp', 'tcp'],
  );
});

test('look-ups of one name at the same time are one question', async () => {
  const server = await serverWith({ 'same.test': { a: ['127.0.0.1'], delayMs: 50 } });
  const names = namesOf([server]);
  const results = await Promise.all(
    ['same.test', 'SAME.test', 'same.test'].map((name) => names.lookUp(name)),
  );
  assert.deepEqual(results, [found('127.0.0.1'), found('127.0.0.1'), found('127.0.0.1')]);
  assert.equal(server.count(), 1);
});

test('an answer holds for its TTL, but for five seconds at least and five minutes at most', async () => {
  const server = await serverWith({
    'minute.test': { a: ['127.0.0.1'], ttl: 60 },
    'zero.test': { a: ['127.0.0.1'], ttl: 0 },
    'day.test': { a: ['127.0.0.1'], ttl: 86_400 },
  });
  const clock = { nowMs: 0 };
  const names = namesOf([server], clock);
  const lifetimes = { 'minute.test': 60_000, 'zero.test': 5000, 'day.test': 300_000 };
  for (const name of Object.keys(lifetimes)) await names.lookUp(name);
  for (const [name, lifetimeMs] of Object.entries(lifetimes)) {
    clock.nowMs = lifetimeMs - 1;
    await names.lookUp(name);
    assert.equal(server.count(name), 1, name);
    server.names.set(name, { a: ['127.0.0.2'] });
    clock.nowMs = lifetimeMs;
    assert.deepEqual(await names.lookUp(name), found('127.0.0.2'), name);
  }
});

test('an absent name is asked for again after ten seconds, and found once it is there', async () => {
  const server = await serverWith({});
  const clock = { nowMs: 0 };
  const names = namesOf([server], clock);
  for (clock.nowMs = 0; clock.nowMs < 10_000; clock.nowMs += 1000) {
    assert.equal((await names.lookUp('new.test')).kind, 'no_such_name');
  }
  assert.equal(server.count(), 1);
  server.names.set('new.test', { a: ['127.0.0.1'] });
  assert.deepEqual(await names.lookUp('new.test'), found('127.0.0.1'));
});

test('a lost question is asked again, and a late answer to the first one still counts', async () => {
  let questions = 0;
  const lossy = await serverWith({}, () => ({
    a: ['127.0.0.1'],
    ...((questions += 1) <= 2 && SILENT),
  }));
  assert.deepEqual(await namesOf([lossy]).lookUp('lossy.test'), found('127.0.0.1'));

  // The first question is answered after the second was sent, which nobody answers.
  let late = 0;
  const slow = await serverWith({}, () => ((late += 1) <= 2 ? { a: ['127.0.0.1'], delayMs: 700 } : SILENT));
  assert.deepEqual(await namesOf([slow]).lookUp('slow.test'), found('127.0.0.1'));
});

test('an answer that came after its caller had gone is remembered', async () => {
  const server = await serverWith({ 'slow.test': { a: ['127.0.0.1'], delayMs: 300 } });
  const names = namesOf([server]);
  void names.lookUp('slow.test');
  await eventually('the answer is remembered', async () => {
    const [result] = await timed(names.lookUp('slow.test'));
    return result.kind === 'found';
  });
  assert.equal(server.count(), 1);
});

test('a server that never answers for IPv6 addresses does not hide the IPv4 addresses', async () => {
  const server = await serverWith({ 'four.test': { a: ['127.0.0.1'], silent: ['aaaa'] } });
  const [result, tookMs] = await timed(namesOf([server]).lookUp('four.test'));
  assert.deepEqual(result, found('127.0.0.1'));
  // The limit of a question is 4 s.
  assert.ok(tookMs < 3500, `${tookMs} ms`);
});

test('the next name server is asked when the first fails or is silent, and then before it', async () => {
  for (const broken of [SILENT, { code: 'SERVFAIL' } as const]) {
    const first = await serverWith({}, () => broken);
    const second = await serverWith({}, () => ({ a: ['127.0.0.1'] }));
    const names = namesOf([first, second]);
    for (const name of ['one.test', 'two.test', 'three.test'])
      assert.deepEqual(await names.lookUp(name), found('127.0.0.1'));
    assert.deepEqual([first.count('one.test'), first.count('two.test')], [1, 0]);
  }
});

test('the next name server is asked at once when the first fails', async () => {
  const first = await serverWith({}, () => ({ code: 'REFUSED' }));
  const second = await serverWith({}, () => ({ a: ['127.0.0.1'] }));
  const times: number[] = [];
  for (let count = 0; count < 3; count++)
    times.push((await timed(namesOf([first, second]).lookUp('good.test')))[1]);
  assert.ok(Math.min(...times) < 350, times.join());
});

test('a name without IPv4 addresses is not absent while nobody can tell its IPv6 addresses', async () => {
  const server = await serverWith({ 'half.test': { failing: ['aaaa'] } });
  assert.equal((await namesOf([server]).lookUp('half.test')).kind, 'failed');
});

test('silent names do not make a second name server out of the first', async () => {
  const servers = [
    await serverWith({ 'good.test': { a: ['127.0.0.1'] } }, () => SILENT),
    await serverWith({}, () => SILENT),
  ];
  const names = namesOf(servers);
  const dead = Array.from({ length: 40 }, (_, index) => names.lookUp(`dead-${index}.test`));
  await Promise.all(dead);
  const result = await names.lookUp('good.test');
  assert.deepEqual([result, servers[1]!.count('good.test')], [found('127.0.0.1'), 0]);
});

test('a name that nobody answers for is asked about ever more rarely', async () => {
  const server = await serverWith({ 'good.test': { a: ['127.0.0.1'], ttl: 0 }, 'dead.test': SILENT });
  const clock = { nowMs: 0 };
  const names = namesOf([server], clock);
  let questions = 0;
  const askedAt: number[] = [];
  // A silent name would take four seconds of real time; SERVFAIL takes the same path at once.
  server.names.set('dead.test', { code: 'SERVFAIL' });
  for (; clock.nowMs < 1_200_000; clock.nowMs += 1000) {
    await names.lookUp('good.test');
    assert.equal((await names.lookUp('dead.test')).kind, 'failed');
    if (server.count('dead.test') > questions) askedAt.push(clock.nowMs / 1000);
    questions = server.count('dead.test');
  }
  assert.deepEqual(askedAt, [0, 2, 6, 14, 30, 62, 126, 254, 510, 810, 1110]);
});

test('while no name is answered, names are asked about every ten seconds: the name servers are away', async () => {
  const server = await serverWith({}, () => ({ code: 'SERVFAIL' }));
  const clock = { nowMs: 0 };
  const names = namesOf([server], clock);
  for (; clock.nowMs < 600_000; clock.nowMs += 1000) await names.lookUp('good.test');
  assert.ok(server.count() > 60, `${server.count()} questions`);
  server.names.set('good.test', { a: ['127.0.0.1'] });
  clock.nowMs += 10_000;
  assert.deepEqual(await names.lookUp('good.test'), found('127.0.0.1'));
});

test('expired addresses serve for ten minutes while the name servers do not answer', async () => {
  const server = await serverWith({ 'good.test': { a: ['127.0.0.1'], ttl: 60 } });
  const clock = { nowMs: 0 };
  const names = namesOf([server], clock);
  await names.lookUp('good.test');
  server.names.set('good.test', { code: 'SERVFAIL' });
  for (clock.nowMs = 60_000; clock.nowMs < 660_000; clock.nowMs += 5000)
    assert.deepEqual(await names.lookUp('good.test'), found('127.0.0.1'), `${clock.nowMs}`);
  clock.nowMs += 10_000;
  assert.equal((await names.lookUp('good.test')).kind, 'failed');
});

test('expired addresses serve within a second while the name servers are silent, and fresh ones when they come', async () => {
  const server = await serverWith({ 'good.test': { a: ['127.0.0.1'], ttl: 60 } });
  const clock = { nowMs: 0 };
  const names = namesOf([server], clock);
  await names.lookUp('good.test');
  clock.nowMs = 60_000;
  server.names.set('good.test', { a: ['127.0.0.2'], ttl: 60, delayMs: 900 });
  assert.deepEqual(await names.lookUp('good.test'), found('127.0.0.1'));
  await eventually('the late answer is used', async () => {
    const again = await names.lookUp('good.test');
    return again.kind === 'found' && again.addresses[0] === '127.0.0.2';
  });
});

test('expired addresses no longer serve once the name servers say that the name is gone', async () => {
  const server = await serverWith({ 'good.test': { a: ['127.0.0.1'], ttl: 60 } });
  const clock = { nowMs: 0 };
  const names = namesOf([server], clock);
  await names.lookUp('good.test');
  server.names.delete('good.test');
  clock.nowMs = 60_000;
  for (let times = 0; times < 2; times++)
    assert.equal((await names.lookUp('good.test')).kind, 'no_such_name');
});

test('names that are closed end their questions and ask no more', async () => {
  const server = await serverWith({}, () => SILENT);
  const names = namesOf([server]);
  const pending = names.lookUp('one.test');
  await eventually('the question arrives', () => server.count('one.test') === 1);
  names.close();
  assert.equal((await pending).kind, 'silent');
  assert.equal((await names.lookUp('two.test')).kind, 'silent');
  assert.equal(server.count('two.test'), 0);
});

test('a name that nobody asked about before is answered while a thousand silent names are asked about', async () => {
  const server = await serverWith({ 'good.test': { a: ['127.0.0.1'] } }, () => SILENT);
  const names = namesOf([server]);
  const silent = Array.from({ length: 1000 }, (_, index) => `dead-${index}.test`);
  const dead = silent.map((name) => names.lookUp(name));
  assert.deepEqual(await names.lookUp('good.test'), found('127.0.0.1'));
  // The oldest ones made room for the newer ones, instead of lasting as long as those.
  const early = Promise.all(dead.slice(0, 400));
  const first = await Promise.race([early.then(() => 'the oldest'), dead.at(-1)!.then(() => 'the newest')]);
  assert.equal(first, 'the oldest');
  assert.deepEqual(new Set((await early).map(({ kind }) => kind)), new Set(['silent']));
  // Both families once: a question that lasts repeats itself.
  assert.deepEqual(
    silent.slice(0, 400).filter((name) => server.count(name) > 2),
    [],
  );
  names.close();
});

test('names that were late last time share sixteen places, in turn, and no other name waits for them', async () => {
  const server = await serverWith({ 'good.test': { a: ['127.0.0.1'] } }, () => ({ code: 'SERVFAIL' }));
  const clock = { nowMs: 0 };
  const names = namesOf([server], clock);
  const dead = Array.from({ length: 100 }, (_, index) => `dead-${index}.test`);
  const lookUpAll = (): Promise<LookUp>[] => dead.map((name) => names.lookUp(name));
  await Promise.all(lookUpAll());
  clock.nowMs = 1000;
  await names.lookUp('good.test');
  clock.nowMs = 2000;
  await Promise.all(lookUpAll());
  // All of them are known to be late now, and fall silent.
  for (const name of dead) server.names.set(name, SILENT);
  clock.nowMs = 60_000;
  const before = server.asked.length;
  const askedNow = (): number => new Set(server.asked.slice(before).map(({ name }) => name)).size;
  const told = await Promise.all(lookUpAll().slice(16));
  assert.deepEqual(new Set(told.map(({ kind }) => kind)), new Set(['failed']));
  await eventually('sixteen late names are asked about', () => askedNow() === 16);
  server.names.set('other.test', { a: ['127.0.0.2'] });
  assert.deepEqual(await names.lookUp('other.test'), found('127.0.0.2'));
  assert.equal(askedNow(), 17);
  // The others get their turn though nobody looks them up again.
  await eventually('the next sixteen have their turn', () => askedNow() === 33);
  names.close();
});
