// The commands of README.md, as a newcomer pastes them, in a plain POSIX shell.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { seedDemo } from '../../local/demo.ts';
import { startReceiver, type Receiver } from '../../local/receiver.ts';
import { eventually } from '../support/eventually.ts';
import { readSource } from '../support/sources.ts';
import { ADMIN_TOKEN, withStack, type TestStack } from '../support/stack.ts';

const SHELL_MS = 60_000;
const run = promisify(execFile);

let stack: TestStack;
let receiver: Receiver;
/** Where the commands are run: `npm start` has its data in `.data` there. */
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'readme-'));
  const dataDir = join(folder, '.data');
  await mkdir(dataDir);
  await writeFile(join(dataDir, 'secrets.json'), JSON.stringify({ adminToken: ADMIN_TOKEN }));
  [stack, receiver] = await Promise.all([
    withStack(),
    startReceiver({ host: '127.0.0.1', port: 0, dataDir }),
  ]);
  await stack.startWorker();
  await seedDemo({
    apiUrl: stack.url,
    adminToken: ADMIN_TOKEN,
    receiverUrl: receiver.url,
    dataDir,
    temporalUiUrl: '',
    print: () => {},
  });
});
after(async () => {
  await stack.close();
  await receiver.close();
  await rm(folder, { recursive: true });
});

/** The first block of commands below a heading. */
function blockBelow(heading: string, words = ''): string {
  const section = readSource('README.md').split(`\n${heading}\n`)[1] ?? '';
  const [, block] = /```sh\n([^]*?)\n```/.exec(section.slice(section.indexOf(words))) ?? [];
  assert.ok(block, `no commands below ${heading}`);
  return block;
}

/**
 * Runs commands with the addresses of this test in place of the usual ones; gives what they print.
 */
async function paste(commands: string): Promise<string> {
  const script = commands
    .replaceAll('http://127.0.0.1:8080', stack.url)
    .replaceAll('http://127.0.0.1:8090', receiver.url);
  const { stdout, stderr } = await run('sh', ['-euc', script], { cwd: folder, timeout: SHELL_MS });
  assert.equal(stderr, '');
  return stdout;
}

type Balances = { balances: { pending: string }[] };

test('the demo of README.md books a first deposit, and takes it back after a chargeback', async () => {
  const printed = await paste(blockBelow('## See it work', 'In a second terminal'));
  const [deposit, booked, chargeback, back] = printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  assert.equal((deposit as { status: string }).status, 'settled');
  assert.equal((chargeback as { status: string }).status, 'settled');
  const pending = (balances: unknown) => Number((balances as Balances).balances[0]!.pending);
  assert.equal(pending(booked) - pending(back), 200);
});

test('eight commands of README.md make an operator whose affiliate gets a postback that fits', async () => {
  const commands = blockBelow('### Your own operator in eight commands');
  assert.deepEqual(
    Array.from(commands.matchAll(/^# (\d)\. /gm), ([, number]) => number),
    ['1', '2', '3', '4', '5', '6', '7', '8'],
  );
  const printed = await paste(commands);
  const [deal, event] = printed
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual([deal!['version'], event!['status']], [1, 'settled']);
  const got = await eventually('the postback', async () => {
    const answer = await fetch(`${receiver.url}/received?name=my-affiliate`);
    const [first] = (await answer.json()) as { verdict: string; data: Record<string, string> }[];
    return first?.verdict === 'valid' && first;
  });
  assert.deepEqual([got.data['payout'], got.data['status']], ['150.00', 'pending']);
});

test('the demo tells a month: events and clicks of 30 days, a paid payout, and nothing stuck but today’s', async () => {
  const { api_key: key } = JSON.parse(await readFile(join(folder, '.data/demo.json'), 'utf8')) as {
    api_key: string;
  };
  const listed = async <Row>(path: string) =>
    (await stack.call<{ data: Row[] }>(`GET ${path}`, { key })).body.data;
  type Event = { status: string; event: { event: string; occurred_at: string } };
  const events = await listed<Event>('/v1/events?limit=200');
  const days = new Set(events.map(({ event }) => event.occurred_at.slice(0, 10)));
  assert.ok(events.length > 100 && days.size > 20, `${events.length} events on ${days.size} days`);
  const kinds = new Set(events.map(({ event }) => event.event));
  for (const kind of ['registration', 'ftd', 'trade', 'revenue', 'chargeback', 'refund'])
    assert.ok(kinds.has(kind), kind);
  assert.deepEqual(
    (await listed<Event>('/v1/events?status=accepted')).map(({ event }) => event),
    [],
  );
  assert.ok((await listed('/v1/clicks?limit=200')).length >= 100);
  const payouts = await listed<{ state: string; amount: string }>('/v1/payouts');
  assert.ok(payouts.length === 1 && payouts[0]!.state === 'paid' && Number(payouts[0]!.amount) > 0);
  const stuck = await listed<{ endpoint: { name: string } }>('/v1/stuck');
  assert.deepEqual(
    stuck.map(({ endpoint }) => endpoint.name.replace(/-[0-9a-f]+$/, '')),
    ['northwind-crm'],
  );
});
