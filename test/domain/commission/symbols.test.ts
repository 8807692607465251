// Tests of components per lot for some symbols: which component takes a trade, what the components
// are called, and what the trades of a month earn.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileTerms, type WireComponent } from '../../../domain/commission/terms.ts';
import { listeningTo } from '../../../domain/commission/listening.ts';
import { formatMoney } from '../../../domain/ledger/money.ts';
import type { ConversionEvent } from '../../../domain/types.ts';
import { anEvent, aVersion, terms, wireTerms } from '../../support/builders.ts';
import { settledOneByOne, totalOf } from '../../support/settle-in-memory.ts';

const METALS: WireComponent = { kind: 'per_lot', symbol_group: 'Metals', symbols: ['xau*'], amount: '10' };
const MAJORS: WireComponent = { kind: 'per_lot', on: 'trade', symbols: ['EURUSD', 'GBPUSD'], amount: '5' };
const REST: WireComponent = { kind: 'per_lot', amount: '4' };

const trade = (symbol: string | null, symbolGroup: string | null, lots = 1n): ConversionEvent =>
  anEvent({
    type: 'trade',
    amountMinor: null,
    currency: null,
    volumeE4: lots * 1_0000n,
    symbol,
    symbolGroup,
  });

const labelsOf = (...components: WireComponent[]): string[] =>
  terms({ components }).components.map(({ label }) => label);

function takersOf(event: ConversionEvent, components = [METALS, MAJORS, REST]): string[] {
  const { components: compiled } = terms({ components });
  const listening = listeningTo(compiled, event);
  return components.flatMap((wire, index) => (listening.includes(compiled[index]!) ? [wire.amount!] : []));
}

describe('a trade is taken', () => {
  for (const [title, symbol, group, expected] of [
    ['by the component of its group', 'SILVER', 'metals', ['10']],
    ['by the component that lists how its symbol begins', 'XAUEUR', null, ['10']],
    ['by the component that lists its symbol', 'eurusd', 'forex', ['5']],
    ['by each component that names it', 'EURUSD', 'METALS', ['10', '5']],
    ['by the component without symbols where no other takes it', 'EURUSDX', 'forex', ['4']],
    ['by the component without symbols where it has none', null, null, ['4']],
  ] as const)
    test(title, () => assert.deepEqual(takersOf(trade(symbol, group)), expected));

  test('by the component without symbols where the one that names it listens to other events', () => {
    assert.deepEqual(takersOf({ ...trade('EURUSD', null), type: 'volume' }), ['4']);
  });

  test('by nobody where every component names other symbols', () => {
    assert.deepEqual(takersOf(trade('BTCUSD', 'crypto'), [METALS, MAJORS]), []);
  });

  test('as before where no component names symbols', () => {
    assert.deepEqual(takersOf(trade('XAUUSD', 'metals'), [REST, { ...REST, amount: '1' }]), ['4', '1']);
  });
});

test('components are paid side by side, each for the lots that it takes', () => {
  const events = [trade('XAUUSD', null, 2n), trade('EURUSD', null, 3n), trade(null, null, 10n)];
  const earned = totalOf(settledOneByOne({ components: [METALS, MAJORS, REST] }, events));
  assert.equal(formatMoney(earned, 'USD'), '75.00');
});

describe('the label of a component per lot', () => {
  test('names its group, or else its symbols in order, and stays as it was without any', () => {
    assert.deepEqual(labelsOf(METALS, { ...MAJORS, symbols: ['GBPUSD', 'eurusd'] }, REST), [
      'per_lot:trade+volume@metals',
      'per_lot:trade@EURUSD+GBPUSD',
      'per_lot:trade+volume',
    ]);
  });

  test('stays the same when the list of symbols beside a group changes', () => {
    assert.deepEqual(labelsOf({ ...METALS, symbols: ['XAG*', 'XAU*'] }), labelsOf(METALS));
  });

  test('is short for a long list, and unique for every component', () => {
    const symbols = Array.from({ length: 100 }, (_, index) => `SYMBOL${index}`);
    const numbered = { ...METALS, symbol_group: 'metals#2' };
    assert.deepEqual(labelsOf({ ...REST, symbols }, { ...REST, symbols }, numbered, METALS, METALS), [
      'per_lot:trade+volume@SYMBOL0+99 more',
      'per_lot:trade+volume@SYMBOL0+99 more#2',
      'per_lot:trade+volume@metals#2',
      'per_lot:trade+volume@metals',
      'per_lot:trade+volume@metals#3',
    ]);
  });
});

test('a star stands only at the end of a symbol, and symbols only in components per lot', () => {
  const problemsOf = (component: WireComponent) => {
    const compiled = compileTerms(wireTerms({ components: [component] }));
    return compiled.kind === 'ok'
      ? []
      : compiled.problems.map(({ path, code }) => `${path.join('.')} ${code}`);
  };
  assert.deepEqual(problemsOf({ ...REST, symbols: ['XAU*', '*', 'X*U'] }), [
    'components.0.symbols.1 invalid_symbol',
    'components.0.symbols.2 invalid_symbol',
  ]);
  assert.deepEqual(problemsOf({ kind: 'cpa', amount: '1', symbol_group: 'metals' }), [
    'components.0.symbol_group unexpected',
  ]);
});

test('the label of every stored component finds its component again', () => {
  const { components } = aVersion({ components: [METALS, MAJORS, REST] }).terms;
  assert.equal(new Set(components.map(({ label }) => label)).size, components.length);
});
