// CPU time per event, as the benchmark counts it from /proc.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { watchCpu } from '../../bench/cpu.ts';
import { cpuFigures } from '../../bench/figures.ts';

const BUSY = `const until = process.cpuUsage().user + 300_000; while (process.cpuUsage().user < until);`;

test(
  'the CPU time of a part includes its children, also those that ended',
  { skip: process.platform !== 'linux' && 'without /proc' },
  async () => {
    // A parent that does nothing, with a child that works and ends.
    const script = `
      const { spawnSync } = require('node:child_process');
      process.stdin.once('data', () => {
        spawnSync(process.execPath, ['-e', ${JSON.stringify(BUSY)}]);
        process.stdout.write('done');
      });`;
    const parent = spawn(process.execPath, ['-e', script], { stdio: 'pipe' });
    const none = 2 ** 30; // Beyond the kernel's largest process id.
    const pids = { api: parent.pid!, worker: none, postgres: none, temporal: none };
    const cpu = watchCpu(pids);
    parent.stdin.write('go');
    await once(parent.stdout, 'data');
    const spent = cpu(3)!;
    parent.kill();
    assert.ok(spent.api! >= 95_000 && spent.api! < 2_000_000, `${spent.api} µs per event`);
    assert.equal(spent.worker, 0);
  },
);

test(
  'the CPU time of a server that the benchmark did not start is not counted, and neither is a sum',
  { skip: process.platform !== 'linux' && 'without /proc' },
  () => {
    const spent = watchCpu({ api: process.pid, worker: process.pid })(1)!;
    assert.equal(typeof spent.api, 'number');
    assert.deepEqual([spent.postgres, spent.temporal], [null, null]);
    const { single_cpu_us: all, single_cpu_us_postgres: postgres } = cpuFigures('single', spent);
    assert.deepEqual([all, postgres], [null, null]);
  },
);
