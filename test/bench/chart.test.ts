// Charts of the benchmark: every point is drawn at its height, and texts are escaped.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { svgOf } from '../../bench/chart.ts';

test('a chart draws each point at its share of the scale, which begins at zero', () => {
  const svg = svgOf({
    title: 'Cost <by> size',
    x: 'events',
    series: [
      {
        name: 'one',
        unit: 'ms',
        axis: 'left',
        points: [
          [1, 0],
          [10, 50],
          [100, 100],
        ],
      },
      { name: 'other', unit: 'µs', axis: 'right', points: [[10, 25]] },
    ],
  });
  const heights = [...svg.matchAll(/<circle cx="[\d.]+" cy="([\d.]+)" r="3.5"/g)].map(([, y]) => Number(y));
  const [zero, half, full, quarter] = heights as [number, number, number, number];
  assert.equal(zero - half, half - full);
  assert.equal(quarter, full, 'each side has a scale of its own');
  assert.match(svg, /<title>Cost &lt;by&gt; size<\/title>/);
});
