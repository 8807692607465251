// Table of `npm run bench -- --baseline`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparisonOf } from '../../bench/baseline.ts';
import { withRatios } from '../../bench/figures.ts';

const run = (single: number) => withRatios({ single_per_s: single, lost: 0, doubled: 0, cores: 2 });

test('a comparison shows every turn of both checkouts and the ratio of their medians', () => {
  const table = comparisonOf({ base: [100, 900, 110].map(run), here: [220, 200, 10].map(run) });
  assert.match(table, /single_per_s +100 900 110 → +220 200 10 events\/s +× 1\.82/);
  // Figures that were not measured have no line.
  assert.doesNotMatch(table, /batch_per_s/);
});
