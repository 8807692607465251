// `npm run example`: sends 18 months of a real shop's purchases through a running stack and checks
// every cent and every postback against an independent calculation. Exit code 1 on any difference.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AFFILIATES, affiliateIndexOf } from './affiliates.ts';
import { startAffiliateServers, type AffiliateServers } from './affiliate-servers.ts';
import { createClient, type Client } from './client.ts';
import { dollars, expectedOf, unitsOf } from './expected.ts';
import { sendAll, type Sent } from './send.ts';
import { createClicks, createMembers, createOperator, type Member } from './setup.ts';
import { readCustomers, shuffled, createStory } from './story.ts';

const HELP = `npm run example -- [options]
  --limit N        only the first N customers (default: all 2,357)
  --seed N         another set of chargebacks, another order (default 1)
  --shuffle        send the events in random order instead of the order in which they happened
  --patience N     seconds until the run gives up (default 900)
The stack is expected at API_URL (default http://127.0.0.1:8080). Without ADMIN_TOKEN the token is read
from DATA_DIR (default .data).`;

/** Earnings of one affiliate as expected, as booked and as reported; amounts in cents. */
interface Line {
  member: Member;
  expected: bigint;
  booked: bigint;
  /** Expected notices that did not arrive. */
  missing: Set<string>;
}

/** Wait for sums that do not agree yet, once every expected notice has arrived. */
const QUIET_MS = 20_000;

async function run(options: {
  limit: number;
  seed: number;
  shuffle: boolean;
  patienceSeconds: number;
}): Promise<boolean> {
  const deadline = Date.now() + options.patienceSeconds * 1000;
  const apiUrl = process.env['API_URL'] ?? 'http://127.0.0.1:8080';
  const servers = await startAffiliateServers();
  try {
    const apiKey = await createOperator(createClient(apiUrl, adminToken(), deadline));
    const client = createClient(apiUrl, apiKey, deadline);
    const members = await createMembers(client, servers);
    const csv = readFileSync(new URL('./cdnow-sample.csv', import.meta.url), 'utf8');
    const customers = readCustomers(csv).slice(0, options.limit);
    const clickIds = await createClicks(client, members, customers);
    const story = createStory(customers, clickIds, options.seed);
    console.log(
      `${members.length} affiliates, ${customers.length} customers with a click each, ` +
        `${story.length} events to send`,
    );

    const startedAt = Date.now();
    const sent = await sendAll(client, options.shuffle ? shuffled(story, options.seed) : story);
    const sentMs = Date.now() - startedAt;
    console.log(
      `accepted ${sent.accepted} events in ${seconds(sentMs)} and ${sent.requests} requests; ` +
        `${sent.duplicates} duplicates recognised, ${client.repeats()} requests repeated without an answer`,
    );

    const expected = expectedOf(story, AFFILIATES, affiliateIndexOf);
    const lines = members.map((member, index): Line => {
      const { balance = 0n, created = [], reversed = [] } = expected[index] ?? {};
      const notices = [
        ...created.map((key) => `created ${sent.ids.get(key)}`),
        ...reversed.map((key) => `reversed ${sent.ids.get(key)}`),
      ];
      return { member, expected: balance, booked: 0n, missing: new Set(notices) };
    });
    const arrivedMs = (await waitForPostbacks(servers, lines, deadline)) - startedAt;
    for (const line of lines) line.booked = await bookedFor(client, line.member.id);
    return await report(client, lines, { sent, arrivedMs });
  } finally {
    servers.close();
  }
}

/**
 * Waits for every notice and for the sums to agree; returns the time. Missing notices stay in the
 * lines.
 */
async function waitForPostbacks(servers: AffiliateServers, lines: Line[], deadline: number): Promise<number> {
  const hasAll = () => lines.every((line) => hasEveryNotice(line));
  const isDone = () => hasAll() && lines.every(({ member, expected }) => member.received.payout === expected);
  await servers.waitUntil(isDone, { deadline, quietMs: () => (hasAll() ? QUIET_MS : Infinity) });
  return servers.lastArrival();
}

/**
 * Removes received notices from the list and stops at the first missing one, so that repeated
 * checks stay cheap.
 */
function hasEveryNotice({ member, missing }: Line): boolean {
  for (const notice of missing) {
    if (!member.received.notices.has(notice)) return false;
    missing.delete(notice);
  }
  return true;
}

/** All earnings of the affiliate in every state: the deals' holds are long over. */
async function bookedFor(client: Client, affiliateId: string): Promise<bigint> {
  type Balance = Record<'pending' | 'payable' | 'in_payout' | 'paid' | 'debt', string>;
  const { balances } = await client.request<{ balances: Balance[] }>(
    'GET',
    `/v1/affiliates/${affiliateId}/balance`,
  );
  const cents = (decimal: string) => unitsOf(decimal, 2);
  return balances.reduce(
    (sum, of) =>
      sum + cents(of.pending) + cents(of.payable) + cents(of.in_payout) + cents(of.paid) - cents(of.debt),
    0n,
  );
}

async function report(
  client: Client,
  lines: Line[],
  { sent, arrivedMs }: { sent: Sent; arrivedMs: number },
): Promise<boolean> {
  for (const line of lines) for (const notice of line.member.received.notices) line.missing.delete(notice);
  const rows = lines.map(({ member: { affiliate, received }, expected, booked, missing }) => ({
    affiliate: affiliate.name,
    postbacks: received.ids.size,
    missing: missing.size,
    doubled: received.doubled,
    'bad signatures': received.badSignatures,
    'reversed too early': received.reversedEarly,
    calculated: dollars(expected),
    booked: dollars(booked),
    reported: dollars(received.payout),
  }));
  console.table(rows);
  const postbacks = rows.reduce((sum, row) => sum + row.postbacks, 0);
  const owed = lines.reduce((sum, line) => sum + line.booked, 0n);
  const rate = Math.round((sent.ids.size * 1000) / arrivedMs);
  console.log(
    `${sent.ids.size} events, ${postbacks} postbacks, ${dollars(owed)} USD booked, ` +
      `last postback after ${seconds(arrivedMs)}: ${rate} events/s`,
  );
  const wrong = lines.filter(isWrong);
  for (const line of wrong) await explain(client, line);
  console.log(
    wrong.length === 0
      ? 'Every cent and every postback is where it should be.'
      : `${wrong.length} affiliates differ.`,
  );
  return wrong.length === 0 && isAudited();
}

/** Runs `npm run audit` on the stack with its data in `DATA_DIR`. */
function isAudited(): boolean {
  const { status } = spawnSync('npm', ['run', '--silent', 'audit'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  return status === 0;
}

function isWrong({ member: { received }, expected, booked, missing }: Line): boolean {
  const isComplete = missing.size === 0 && received.badSignatures === 0 && received.reversedEarly === 0;
  return !isComplete || booked !== expected || received.payout !== expected;
}

/** Prints the traces of some events whose postback is missing. */
async function explain(client: Client, { member, missing }: Line): Promise<void> {
  for (const notice of [...missing].slice(0, 3)) {
    const trace = await client.request<unknown>('GET', `/v1/events/${notice.split(' ')[1]}`);
    console.log(`${member.affiliate.name} received no ${notice}\n${JSON.stringify(trace)}`);
  }
}

function adminToken(): string {
  const { ADMIN_TOKEN, DATA_DIR = '.data' } = process.env;
  if (ADMIN_TOKEN) return ADMIN_TOKEN;
  return (JSON.parse(readFileSync(`${DATA_DIR}/secrets.json`, 'utf8')) as { adminToken: string }).adminToken;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

const { values } = parseArgs({
  options: {
    limit: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    shuffle: { type: 'boolean', default: false },
    patience: { type: 'string', default: '900' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else {
  const [limit, seed, patienceSeconds] = [Number(values.limit), Number(values.seed), Number(values.patience)];
  process.exitCode = (await run({ limit, seed, shuffle: values.shuffle, patienceSeconds })) ? 0 : 1;
}
