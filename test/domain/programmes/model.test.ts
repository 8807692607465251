import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { disagreements } from '../../support/money-model/compare.ts';
import { expected } from '../../support/money-model/expected.ts';
import { STORIES } from '../../support/money-model/stories.ts';
import { worldFrom } from '../../support/money-model/world-from-steps.ts';

// The middle of a month, in winter: stories that name months before it cross the end of summer time.
const NOW = Date.parse('2026-11-29T12:00:00Z');

describe('the independent model tells each story as its rule does', () => {
  for (const story of STORIES) {
    it(`rule ${story.rule}: ${story.name}`, () => {
      const world = worldFrom(story.steps, NOW);
      assert.deepEqual(disagreements(story, world, expected(world)), []);
    });
  }
});
