// Supervision of the stack's parts: a dead part restarts, the file names its new process id, and a
// stop leaves no process.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { lockDataDir } from '../../local/data-dir.ts';
import { commandLine, spawnCommand, waitUntil, type Part } from '../../local/process.ts';
import { createSupervisor } from '../../local/supervise.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'postrider-supervise-'));
after(() => rmSync(dataDir, { recursive: true, force: true }));

const STAYS = 'process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000)';

/** Creates a part that runs a line of JavaScript and counts as ready at once. */
function partOf(name: string, script: string): Part {
  const mark = `part-${randomBytes(6).toString('hex')}`;
  const logFile = join(dataDir, `${name}.log`);
  return {
    name,
    logFile,
    mark,
    spawn: () => spawnCommand({ file: process.execPath, args: ['-e', script, mark], env: {}, logFile }),
    ready: async () => {},
    readySeconds: 10,
    stopSignal: 'SIGTERM',
    stopSeconds: 1,
  };
}

function pids(): Record<string, number> {
  return JSON.parse(readFileSync(join(dataDir, 'processes.json'), 'utf8')) as Record<string, number>;
}

/** Command lines of this machine's processes that contain a mark. */
function runningWith(mark: string): string[] {
  return spawnSync('ps', ['-eww', '-o', 'pid=,args='], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line.includes(mark));
}

const soon = (): AbortSignal => AbortSignal.timeout(10_000);

test('a killed part is restarted, and the process file names the new process', async () => {
  const lines: string[] = [];
  const supervisor = createSupervisor({ dataDir, print: (line) => lines.push(line) });
  await supervisor.add(partOf('one', STAYS));
  await supervisor.add(partOf('two', STAYS));
  const before = pids();
  process.kill(before.one ?? 0, 'SIGKILL');
  await waitUntil(
    async () => pids().one !== before.one && commandLine(pids().one ?? 0) !== undefined,
    soon(),
  );
  assert.equal(pids().two, before.two);
  assert.match(lines.join('\n'), /one ended \(SIGKILL\); starting it again/);
  const last = pids();
  await supervisor.stop([['one']]);
  assert.deepEqual([commandLine(last.one ?? 0), commandLine(last.two ?? 0)], [undefined, undefined]);
  assert.equal(existsSync(join(dataDir, 'processes.json')), false);
});

test('a part that ignores the stop signal is killed after its time', async () => {
  const supervisor = createSupervisor({ dataDir, print: () => {} });
  const deaf = partOf(
    'deaf',
    'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)',
  );
  await supervisor.add({
    ...deaf,
    ready: (signal) => waitUntil(async () => readFileSync(deaf.logFile, 'utf8').includes('up'), signal),
  });
  const pid = pids().deaf ?? 0;
  await supervisor.stop([]);
  assert.equal(commandLine(pid), undefined);
});

test('a part that is restarting does not outlive the stop', async () => {
  const supervisor = createSupervisor({ dataDir, print: () => {} });
  const part = partOf('returning', STAYS);
  let spawned = 0;
  let stopped = Promise.resolve();
  const spawn: Part['spawn'] = async () => {
    spawned += 1;
    if (spawned === 2) stopped = supervisor.stop([]);
    return part.spawn();
  };
  await supervisor.add({ ...part, spawn });
  process.kill(pids().returning ?? 0, 'SIGKILL');
  await waitUntil(async () => spawned === 2, soon());
  await stopped;
  await waitUntil(async () => !existsSync(join(dataDir, 'processes.json')), soon());
  assert.deepEqual(runningWith(part.mark), []);
});

test('a part that cannot start reports the reason, with the end of its log', async () => {
  const supervisor = createSupervisor({ dataDir, print: () => {} });
  const broken = {
    ...partOf('broken', 'console.error("no port left"); process.exit(3)'),
    ready: () => new Promise<void>(() => {}),
  };
  await assert.rejects(supervisor.add(broken), /broken ended before it was ready \(exit 3\)[^]*no port left/);
  await supervisor.stop([]);
});

test('the supervisor ends leftovers of an earlier run, but no other program’s process', async () => {
  const left = partOf('left', STAYS);
  const earlier = createSupervisor({ dataDir, print: () => {} });
  await earlier.add(left);
  await earlier.add(partOf('stranger', STAYS));
  const before = pids();
  const next = createSupervisor({ dataDir, print: () => {} });
  await next.endLeftovers([left, { ...partOf('stranger', STAYS), mark: 'another program' }]);
  assert.notEqual(commandLine(before.stranger ?? 0), undefined);
  assert.equal(commandLine(before.left ?? 0), undefined);
  await earlier.stop([]);
});

test('a data folder belongs to one running stack', () => {
  const unlock = lockDataDir(dataDir);
  assert.doesNotThrow(() => lockDataDir(dataDir));
  unlock();
  assert.equal(existsSync(join(dataDir, 'stack.lock')), false);
});
