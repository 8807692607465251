// Negative carryover between months: tables of losses carried as revenue and as commission.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharesOfMonths } from '../../../domain/commission/carry.ts';
import { EMPTY_SUMS } from '../../../domain/commission/sums.ts';
import { terms } from '../../support/builders.ts';

type Month = readonly [
  basisMinor: bigint,
  percent: string,
  negative: 'carry' | 'reset',
  by: 'ngr' | 'commission',
];

function carried(months: readonly Month[]): bigint[] {
  const chain = months.map(([basisMinor, percent, negative, by], index) => {
    const of = terms({
      components: [{ kind: 'revshare', percent, negative, ...(negative === 'carry' && { carry_by: by }) }],
    });
    const component = of.components[0]!;
    return {
      id: `m${index}`,
      component,
      terms: of,
      sums: { ...EMPTY_SUMS, conversionsCount: 1, basisMinor },
      metric: 0n,
    };
  });
  const shares = sharesOfMonths(chain.map((month) => [month]));
  return chain.map(({ id }) => shares.get(id)!.carriedMinor);
}

for (const [title, months, expected] of [
  [
    'positive months carry no loss',
    [
      [5n, '50', 'carry', 'ngr'],
      [7n, '50', 'carry', 'ngr'],
    ],
    [0n, 0n],
  ],
  [
    'a loss of revenue is carried until later months make up for it',
    [
      [-10n, '50', 'carry', 'ngr'],
      [4n, '50', 'carry', 'ngr'],
      [9n, '50', 'carry', 'ngr'],
      [1n, '50', 'carry', 'ngr'],
    ],
    [0n, -10n, -6n, 0n],
  ],
  [
    'losses of consecutive months add up',
    [
      [-10n, '50', 'carry', 'ngr'],
      [-4n, '50', 'carry', 'ngr'],
      [0n, '50', 'carry', 'ngr'],
    ],
    [0n, -10n, -14n],
  ],
  [
    'a loss carried as commission uses the rate of the month that lost',
    [
      [-10n, '30', 'carry', 'commission'],
      [2n, '50', 'carry', 'commission'],
      [0n, '50', 'carry', 'commission'],
    ],
    [0n, -3n, -2n],
  ],
  [
    'a carried commission of an exact half is rounded to even, also below zero',
    [
      [-5n, '50', 'carry', 'commission'],
      [0n, '50', 'carry', 'commission'],
    ],
    [0n, -2n],
  ],
  [
    'a month that resets takes no loss over and carries none on',
    [
      [-10n, '50', 'carry', 'ngr'],
      [-4n, '50', 'reset', 'ngr'],
      [0n, '50', 'carry', 'ngr'],
    ],
    [0n, 0n, 0n],
  ],
  [
    'versions that carry by revenue and by commission each see the same loss in their own unit',
    [
      [-10n, '50', 'carry', 'ngr'],
      [0n, '30', 'carry', 'commission'],
      [0n, '30', 'carry', 'ngr'],
    ],
    [0n, -5n, -10n],
  ],
] as const satisfies readonly (readonly [string, readonly Month[], readonly bigint[]])[]) {
  test(title, () => assert.deepEqual(carried(months), expected));
}
