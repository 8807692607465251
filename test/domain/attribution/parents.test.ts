// Parents of affiliates by date, and changes that would put an affiliate above itself.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formsCircle, parentsAt, type ParentSince } from '../../../domain/attribution/parents.ts';

const ALWAYS = -Infinity;

/** Histories are written `{ a: [[since, parent], …] }`. */
function historyOf(given: Record<string, [number, string | null][]>): Map<string, ParentSince[]> {
  return new Map(
    Object.entries(given).map(([id, rows]) => [id, rows.map(([since, parentId]) => ({ since, parentId }))]),
  );
}

describe('the parents of an affiliate', () => {
  const history = historyOf({
    a: [
      [ALWAYS, 'b'],
      [100, 'c'],
      [200, null],
    ],
    b: [[50, 'd']],
    c: [[ALWAYS, 'd']],
    d: [[150, 'e']],
  });
  for (const [moment, levels, expected] of [
    [49, 5, ['b']],
    [50, 5, ['b', 'd']],
    [99, 5, ['b', 'd']],
    [100, 5, ['c', 'd']],
    [150, 5, ['c', 'd', 'e']],
    [150, 2, ['c', 'd']],
    [150, 0, []],
    [200, 5, []],
  ] as const) {
    test(`the nearest ${levels} parents at ${moment} are ${expected.join(', ') || 'none'}`, () => {
      assert.deepEqual(parentsAt(history, 'a', moment, levels), expected);
    });
  }

  test('an affiliate without a history has no parents', () => {
    assert.deepEqual(parentsAt(history, 'unknown', 100, 5), []);
  });

  test('parents end before one that came already, were there ever a circle', () => {
    const circle = historyOf({ a: [[0, 'b']], b: [[0, 'c']], c: [[0, 'b']] });
    assert.deepEqual(parentsAt(circle, 'a', 0, 9), ['b', 'c']);
    assert.deepEqual(parentsAt(circle, 'b', 0, 9), ['c']);
  });
});

describe('a change of a parent', () => {
  // From 100 to 200 b is below a.
  const history = historyOf({
    b: [
      [100, 'a'],
      [200, null],
    ],
  });
  for (const [name, affiliateId, since, parentId, expected] of [
    ['to the affiliate itself', 'a', 0, 'a', true],
    ['to one below it at that time', 'a', 150, 'b', true],
    ['to one that comes below it later', 'a', 0, 'b', true],
    ['to one that was below it before', 'a', 200, 'b', false],
    ['to none', 'a', 150, null, false],
    ['to one that has nobody above', 'a', 150, 'c', false],
  ] as const) {
    test(`a change of a parent ${name} ${expected ? 'forms a circle' : 'forms none'}`, () => {
      assert.equal(formsCircle(history, affiliateId, { since, parentId }), expected);
    });
  }

  test('a change of a parent that ends before the circle would begin forms none', () => {
    const ending = new Map([...history, ['a', [{ since: 100, parentId: null }]]]);
    assert.equal(formsCircle(ending, 'a', { since: 0, parentId: 'b' }), false);
    assert.equal(formsCircle(ending, 'a', { since: 100, parentId: 'b' }), true);
  });

  test('of any changes those that form no circle leave nobody above itself at any moment, and the others would not', () => {
    const ids = ['a', 'b', 'c', 'd'];
    const change = fc.record({
      affiliateId: fc.constantFrom(...ids),
      since: fc.nat({ max: 5 }),
      parentId: fc.constantFrom(null, ...ids),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        let known = new Map<string, ParentSince[]>();
        for (const { affiliateId, since, parentId } of changes) {
          const others = (known.get(affiliateId) ?? []).filter((row) => row.since !== since);
          const rows = [...others, { since, parentId }].sort((a, b) => a.since - b.since);
          const changed = new Map([...known, [affiliateId, rows]]);
          const isCircle = formsCircle(known, affiliateId, { since, parentId });
          assert.equal(
            isCircle,
            [0, 1, 2, 3, 4, 5].some((moment) => hasCircle(changed, ids, moment)),
          );
          if (!isCircle) known = changed;
        }
      }),
    );
  });
});

/** Walks up as many steps as there are affiliates: who still has a parent leads to a circle. */
function hasCircle(history: Map<string, ParentSince[]>, ids: string[], moment: number): boolean {
  return ids.some((start) => {
    let at: string | null = start;
    for (let step = 0; step < ids.length && at !== null; step++)
      at = history.get(at)?.findLast(({ since }) => since <= moment)?.parentId ?? null;
    return at !== null;
  });
}
