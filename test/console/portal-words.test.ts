// Words and texts of the portal: sentences about a balance, programs of a document, headers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { difference } from '../../console/format/money.ts';
import { nextSteps } from '../../console/portal/balance/next-steps.ts';
import { programsIn } from '../../console/portal/endpoints/programs.ts';
import { operatorIn } from '../../console/portal/link.ts';

const NOTHING = { currency: 'USD', pending: '0.00', payable: '0.00', in_payout: '0.00', debt: '0.00' };
const NO_DAYS = { due: '0.00', minimum_payout: null, becomes_payable: [] };

test('the difference of two amounts is exact, whatever their size and sign', () => {
  for (const [a, b, expected] of [
    ['50.00', '8.00', '42.00'],
    ['8.00', '50.00', '-42.00'],
    ['0.10', '0.30', '-0.20'],
    ['90071992547409.93', '0.01', '90071992547409.92'],
    ['-5.00', '-7.50', '2.50'],
    ['1000', '1', '999'],
    ['0.00', '0.00', '0.00'],
  ] as const)
    assert.equal(difference(a, b), expected, `${a} - ${b}`);
});

test('a balance says what is on hold, and on which day its next part becomes payable', () => {
  const days = [
    { day: '2026-12-24', amount: '123.45' },
    { day: '2026-12-25', amount: '1.00' },
  ];
  const [only, ...none] = nextSteps({ ...NOTHING, pending: '124.45' }, { ...NO_DAYS, becomes_payable: days });
  assert.equal(
    only,
    '124.45 USD is on hold. The next part, 123.45 USD, becomes payable on 2026-12-24, unless its conversion is taken back.',
  );
  assert.deepEqual(none, []);
});

test('a balance says how much is missing to the least that the operator pays out', () => {
  const below = nextSteps(
    { ...NOTHING, payable: '8.00' },
    { ...NO_DAYS, due: '8.00', minimum_payout: '50.00' },
  );
  assert.match(below[0]!, /^A payout would be 8\.00 USD now\. .* until another 42\.00 USD is payable\.$/);
  const reached = nextSteps(
    { ...NOTHING, payable: '50.00' },
    { ...NO_DAYS, due: '50.00', minimum_payout: '50.00' },
  );
  assert.deepEqual(reached, [
    'A payout would be 50.00 USD now. Your operator decides when payouts are made.',
  ]);
});

test('a balance says where debt takes from what is payable, and that nothing is there', () => {
  const owing = nextSteps({ ...NOTHING, payable: '10.00', debt: '3.00' }, { ...NO_DAYS, due: '7.00' });
  assert.equal(owing[1], 'Of what is payable, 3.00 USD goes to what you owe.');
  const onlyDebt = nextSteps({ ...NOTHING, debt: '3.00' }, NO_DAYS);
  assert.match(onlyDebt[0]!, /^You owe 3\.00 USD: /);
  assert.deepEqual(nextSteps(NOTHING, NO_DAYS), ['Nothing is on hold, payable or owed.']);
});

test('the programs that verify postbacks are those of the document, each with its notes', () => {
  const programs = programsIn(readFileSync('docs/VERIFYING.md', 'utf8'));
  assert.deepEqual(
    programs.map(({ language }) => language),
    ['Node', 'Python', 'PHP', 'Go'],
  );
  for (const { language, code, notes } of programs) {
    assert.match(code, /webhook-/, language);
    assert.doesNotMatch(code, /```/, language);
    assert.ok(
      notes.every((note) => !/[`\n]/.test(note)),
      language,
    );
  }
});

test('the address of the portal names an operator, or none', () => {
  const id = 'opr_01m8n41kac0000pftn8rt0y9ms';
  assert.equal(operatorIn(`/portal/${id}`), id);
  assert.equal(operatorIn(`/portal/${id}/statements`), id);
  for (const path of ['/portal', '/portal/', '/portal/x', `/console/${id}`, `/portal/${id}x`])
    assert.equal(operatorIn(path), null, path);
});
