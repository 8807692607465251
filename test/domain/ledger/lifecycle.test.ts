// Commission lifecycle after booking: each step as a table, and properties of any history.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  addLeg,
  EMPTY,
  ZERO_BALANCE,
  postedOf,
  postTowards,
  type Leg,
  type SlotMoney,
} from '../../../domain/ledger/transfers.ts';
import {
  adjust,
  buildPayout,
  stepFrom,
  transition,
  writeOff,
  type PayoutState,
  type Transition,
} from '../../../domain/ledger/lifecycle.ts';

const inWords = (legs: readonly Leg[]): string[] =>
  legs.map(({ code, amountMinor, debit, credit }) => `${code} ${amountMinor} ${debit}→${credit}`);

/** Money of a slot with these parts; the gross amount is their sum. */
function slotMoneyOf(parts: Partial<SlotMoney>): SlotMoney {
  const money = { ...EMPTY, ...parts };
  const { voidMinor, pendingMinor, payableMinor, clawedMinor, inPayoutMinor, paidMinor } = money;
  return {
    ...money,
    grossMinor: voidMinor + pendingMinor + payableMinor + clawedMinor + inPayoutMinor + paidMinor,
  };
}

describe('a lifecycle step moves a slot’s money:', () => {
  for (const [code, before, after, leg] of [
    ['release', { pendingMinor: 5n }, { pendingMinor: 2n, payableMinor: 3n }, 'release 3 pending→payable'],
    ['approve', { pendingMinor: 5n }, { pendingMinor: 2n, payableMinor: 3n }, 'approve 3 pending→payable'],
    ['recover_debt', { payableMinor: 3n }, { paidMinor: 3n }, 'recover_debt 3 payable→debt'],
    ['reserve', { payableMinor: 4n }, { payableMinor: 1n, inPayoutMinor: 3n }, 'reserve 3 payable→in_payout'],
    ['confirm', { inPayoutMinor: 3n }, { paidMinor: 3n }, 'confirm 3 in_payout→cash'],
    ['fail', { inPayoutMinor: 3n }, { payableMinor: 3n }, 'fail 3 in_payout→payable'],
    [
      'return',
      { paidMinor: 3n, debtMinor: 3n },
      { payableMinor: 3n, debtMinor: 3n },
      'return 3 cash→payable',
    ],
  ] as const satisfies readonly (readonly [Transition, Partial<SlotMoney>, Partial<SlotMoney>, string])[]) {
    test(leg, () => {
      const { money, legs } = transition(slotMoneyOf(before), code, 3n);
      assert.deepEqual([inWords(legs), money], [[leg], slotMoneyOf(after)]);
      assert.deepEqual(transition(slotMoneyOf(before), code, 0n), { money: slotMoneyOf(before), legs: [] });
      assert.throws(() => transition(slotMoneyOf(before), code, 6n), /where [0-9]+ lies/);
      assert.throws(() => transition(slotMoneyOf(before), code, -1n), /-1/);
    });
  }
});

describe('a payout', () => {
  const slots = [5n, 0n, 7n, 4n].map((payableMinor, id) => ({
    id,
    money: slotMoneyOf({ payableMinor, paidMinor: 1n }),
  }));
  const movesOf = (built: ReturnType<typeof buildPayout<(typeof slots)[number]>>) =>
    built.kind === 'payout'
      ? built.moves.map(({ slot, legs }) => `${slot.id}: ${inWords(legs).join(', ')}`)
      : built.kind;

  test('a payout reserves everything payable', () => {
    const built = buildPayout(slots, 0n, 16n);
    assert.ok(built.kind === 'payout');
    assert.deepEqual([built.amountMinor, built.recoveredMinor], [16n, 0n]);
    assert.deepEqual(movesOf(built), [
      '0: reserve 5 payable→in_payout',
      '2: reserve 7 payable→in_payout',
      '3: reserve 4 payable→in_payout',
    ]);
  });

  test('a payout recovers debt first, starting from the oldest slot', () => {
    const built = buildPayout(slots, 8n, 0n);
    assert.ok(built.kind === 'payout');
    assert.deepEqual([built.amountMinor, built.recoveredMinor], [8n, 8n]);
    assert.deepEqual(movesOf(built), [
      '0: recover_debt 5 payable→debt',
      '2: recover_debt 3 payable→debt, reserve 4 payable→in_payout',
      '3: reserve 4 payable→in_payout',
    ]);
  });

  test('a payout is not created for zero or below its minimum', () => {
    assert.deepEqual(buildPayout([], 0n, 0n), { kind: 'nothing', amountMinor: 0n });
    assert.deepEqual(buildPayout(slots, 16n, 0n), { kind: 'nothing', amountMinor: 0n });
    assert.deepEqual(buildPayout(slots, 99n, 0n), { kind: 'nothing', amountMinor: 0n });
    assert.deepEqual(buildPayout(slots, 1n, 16n), { kind: 'below_minimum', amountMinor: 15n });
  });

  test('a payout passes each state once, and a repeated step changes nothing', () => {
    const states: PayoutState[] = ['reserved', 'paid', 'failed', 'returned'];
    const table = (['confirm', 'fail', 'return'] as const).map((step) =>
      states.map((state) => stepFrom(state, step)),
    );
    assert.deepEqual(table, [
      ['paid', 'repeated', null, null],
      ['failed', null, 'repeated', null],
      [null, 'returned', null, 'repeated'],
    ]);
  });
});

describe('a manual posting:', () => {
  test('an adjustment up is payable at once, one down becomes debt, and one of zero posts nothing', () => {
    assert.deepEqual(
      [inWords(adjust(5n).legs), adjust(5n).money],
      [['adjust_up 5 adjustment→payable'], slotMoneyOf({ payableMinor: 5n })],
    );
    assert.deepEqual(
      [inWords(adjust(-5n).legs), postedOf(adjust(-5n).money)],
      [['adjust_down 5 debt→adjustment'], -5n],
    );
    assert.deepEqual(adjust(0n), { money: EMPTY, legs: [] });
  });

  test('a write-off lowers the debt and changes no slot', () => {
    assert.deepEqual(inWords([writeOff(5n)]), ['write_off 5 write_off→debt']);
  });
});

/** Operations on an affiliate with a few slots, in any order. */
type Operation =
  | { do: 'target'; slot: number; minor: bigint }
  | { do: 'release'; slot: number }
  | { do: 'adjust'; minor: bigint }
  | { do: 'payout'; minimum: bigint }
  | { do: 'step'; step: 'confirm' | 'fail' | 'return'; payout: number }
  | { do: 'writeOff'; minor: bigint };

const minor = fc.bigInt({ min: 0n, max: 1000n });
const index = fc.nat({ max: 4 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('target' as const), slot: index, minor }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), slot: index }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('adjust' as const), minor: fc.bigInt({ min: -500n, max: 500n }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('payout' as const), minimum: fc.constantFrom(0n, 300n) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('step' as const),
      step: fc.constantFrom('confirm', 'fail', 'return'),
      payout: index,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('writeOff' as const), minor }) },
);

/** Books of an affiliate after these operations, by the domain rules alone. */
function booksAfter(operations: readonly Operation[]) {
  const slots = Array.from({ length: 5 }, () => ({ money: EMPTY }));
  const payouts: { state: PayoutState; amountMinor: bigint; parts: Map<{ money: SlotMoney }, bigint> }[] = [];
  const balance = { ...ZERO_BALANCE };
  const totals = { recovered: 0n, writtenOff: 0n, cancelled: 0n };
  const take = (legs: readonly Leg[]): void => {
    for (const leg of legs) {
      assert.ok(leg.amountMinor > 0n);
      addLeg(balance, leg);
      if (leg.code === 'recover_debt') totals.recovered += leg.amountMinor;
      if (leg.code === 'write_off') totals.writtenOff += leg.amountMinor;
    }
  };
  for (const one of operations) {
    if (one.do === 'target' || one.do === 'release') {
      const slot = slots[one.slot]!;
      const move =
        one.do === 'target'
          ? postTowards(slot.money, one.minor, balance.debtMinor)
          : transition(slot.money, 'release', slot.money.pendingMinor);
      slot.money = move.money;
      take(move.legs);
    } else if (one.do === 'adjust') {
      const { money, legs } = adjust(one.minor);
      slots.push({ money });
      take(legs);
    } else if (one.do === 'payout') {
      const built = buildPayout(slots, balance.debtMinor, one.minimum);
      if (built.kind !== 'payout') continue;
      const parts = new Map<{ money: SlotMoney }, bigint>();
      for (const { slot, money, legs } of built.moves) {
        slot.money = money;
        take(legs);
        for (const { code, amountMinor } of legs) if (code === 'reserve') parts.set(slot, amountMinor);
      }
      payouts.push({ state: 'reserved', amountMinor: built.amountMinor, parts });
    } else if (one.do === 'step') {
      const payout = payouts[one.payout];
      const state = payout && stepFrom(payout.state, one.step);
      if (!payout || state === null || state === 'repeated') continue;
      payout.state = state!;
      for (const [slot, amountMinor] of payout.parts) {
        const { money, legs } = transition(slot.money, one.step, amountMinor);
        slot.money = money;
        take(legs);
      }
    } else {
      const amountMinor = one.minor < balance.debtMinor ? one.minor : balance.debtMinor;
      if (amountMinor > 0n) take([writeOff(amountMinor)]);
    }
  }
  return { slots, payouts, balance, totals };
}

describe('any history of an affiliate', () => {
  const sum = <T>(items: readonly T[], of: (item: T) => bigint): bigint =>
    items.reduce((total, item) => total + of(item), 0n);
  const check = (holds: (end: ReturnType<typeof booksAfter>) => void): void =>
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => holds(booksAfter(operations))),
      { numRuns: 400 },
    );

  test('in any history the parts of every slot add up, none is below zero, and never more is reversed than was earned', () => {
    check(({ slots }) => {
      for (const [number, { money }] of slots.entries()) {
        assert.deepEqual(money, slotMoneyOf(money));
        assert.ok(Object.values(money).every((part) => part >= 0n));
        // Slots from the sixth on are manual adjustments.
        if (number < 5) assert.ok(money.voidMinor + money.clawedMinor + money.debtMinor <= money.grossMinor);
      }
    });
  });

  test('in any history an affiliate’s balance is the sum of its slots, less recoveries and write-offs', () => {
    check(({ slots, balance, totals }) => {
      const held = (column: keyof SlotMoney): bigint => sum(slots, ({ money }) => money[column]);
      assert.deepEqual(balance, {
        pendingMinor: held('pendingMinor'),
        payableMinor: held('payableMinor'),
        inPayoutMinor: held('inPayoutMinor'),
        paidMinor: held('paidMinor') - totals.recovered,
        debtMinor: held('debtMinor') - totals.recovered - totals.writtenOff,
      });
      assert.ok(balance.debtMinor >= 0n);
    });
  });

  test('in any history earnings equal the held, paid and written-off amounts less debt', () => {
    check(({ slots, balance, totals }) => {
      const earned = sum(slots, ({ money }) => postedOf(money));
      const { pendingMinor, payableMinor, inPayoutMinor, paidMinor, debtMinor } = balance;
      assert.equal(
        earned,
        pendingMinor + payableMinor + inPayoutMinor + paidMinor - debtMinor - totals.writtenOff,
      );
    });
  });

  test('in any history the paid amount is the sum of the confirmed payouts', () => {
    check(({ payouts, balance }) => {
      const paid = payouts.filter(({ state }) => state === 'paid');
      assert.equal(
        balance.paidMinor,
        sum(paid, ({ amountMinor }) => amountMinor),
      );
      const reserved = payouts.filter(({ state }) => state === 'reserved');
      assert.equal(
        balance.inPayoutMinor,
        sum(reserved, ({ amountMinor }) => amountMinor),
      );
    });
  });
});
