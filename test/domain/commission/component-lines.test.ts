// Lines of components over the versions of a deal: who continues whom.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linesOf, withLines } from '../../../domain/commission/component-lines.ts';
import type { WireComponent } from '../../../domain/commission/terms.ts';
import { terms } from '../../support/builders.ts';

type Saved = { from: number; components: readonly WireComponent[] };

/** The lines of the last version; the others are saved before it, in this order. */
function linesOver(...versions: readonly Saved[]): string[] {
  const saved: Parameters<typeof linesOf>[1][number][] = [];
  let lines: string[] = [];
  for (const { from, components } of versions) {
    const version = { effectiveFrom: from, terms: terms({ components: [...components] }) };
    lines = linesOf(version, saved);
    saved.push({ ...version, terms: withLines(version.terms, lines) });
  }
  return lines;
}

const share = (...on: string[]): WireComponent => ({ kind: 'revshare', on, percent: '25' }) as WireComponent;
const cpa = (...on: string[]): WireComponent => ({ kind: 'cpa', on, amount: '10' }) as WireComponent;

describe('the line of a component', () => {
  const cases: readonly [string, readonly Saved[], readonly string[]][] = [
    [
      'is named by its label in a first version',
      [{ from: 0, components: [share('revenue')] }],
      ['revshare:revenue'],
    ],
    [
      'goes on with more events and with fewer ones',
      [
        { from: 0, components: [share('revenue')] },
        { from: 1, components: [share('revenue', 'deposit')] },
        { from: 2, components: [share('deposit')] },
      ],
      ['revshare:revenue'],
    ],
    [
      'goes to the component with the same label before any other',
      [
        { from: 0, components: [share('revenue')] },
        { from: 1, components: [share('revenue', 'deposit'), share('revenue')] },
      ],
      ['revshare:deposit+revenue', 'revshare:revenue'],
    ],
    [
      'goes to the first of several components',
      [
        { from: 0, components: [share('revenue', 'deposit')] },
        { from: 1, components: [share('revenue'), share('deposit')] },
      ],
      ['revshare:deposit+revenue', 'revshare:deposit'],
    ],
    [
      'is another for a component of another kind or without a common event',
      [
        { from: 0, components: [share('revenue'), cpa('ftd')] },
        { from: 1, components: [cpa('revenue'), share('ftd')] },
      ],
      ['cpa:revenue', 'revshare:ftd'],
    ],
    [
      'goes on after a version without the component',
      [
        { from: 0, components: [share('revenue')] },
        { from: 1, components: [cpa('ftd')] },
        { from: 2, components: [share('revenue')] },
      ],
      ['revshare:revenue'],
    ],
    [
      'is that of the version before it in time, and not of the one saved before it',
      [
        { from: 0, components: [share('revenue')] },
        { from: 9, components: [share('deposit')] },
        { from: 5, components: [share('revenue', 'deposit')] },
      ],
      ['revshare:revenue'],
    ],
    [
      'is that of the next version where none begins before it',
      [
        { from: 9, components: [share('deposit')] },
        { from: 20, components: [share('revenue')] },
        { from: 5, components: [share('revenue', 'deposit')] },
      ],
      ['revshare:deposit'],
    ],
    [
      'has a name of its own where the label names another line',
      [
        { from: 0, components: [share('revenue')] },
        { from: 1, components: [share('revenue', 'deposit')] },
        { from: 2, components: [share('revenue', 'deposit'), share('revenue')] },
      ],
      ['revshare:revenue', 'revshare:revenue/2'],
    ],
  ];
  for (const [what, versions, expected] of cases)
    test(what, () => assert.deepEqual(linesOver(...versions), expected));
});
