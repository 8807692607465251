// Property over HTTP: events, moves of their customers, changes of parents and voids give the same
// commission in whatever order they arrive.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { withApi, type TestApi } from '../../support/api.ts';
import { ago, withSettledBroker } from '../../support/settled-broker.ts';
import { auditOf } from '../../support/settling.ts';

let api: TestApi;
before(async () => {
  api = await withApi();
});
// The audit checks the books after all tests of this file.
after(async () => {
  const { findings } = await auditOf(api.pool);
  await api.close();
  assert.deepEqual(findings, []);
});

const AFFILIATES = 3;
const affiliate = fc.nat(AFFILIATES - 1);
/** Days before the first sale of a history can have happened. */
const BOUND_AT = 30;

/** Something dated; `day`: days ago, a half later for what holds from a date on. */
type Fact =
  | { kind: 'sale'; day: number; hundreds: number; isVoided: boolean }
  | { kind: 'move'; day: number; to: number }
  | { kind: 'parent'; day: number; of: number; to: number | null };

const facts: fc.Arbitrary<Fact[]> = fc.uniqueArray(
  fc.oneof(
    fc.record({
      kind: fc.constant('sale' as const),
      day: fc.integer({ min: 1, max: BOUND_AT - 1 }),
      hundreds: fc.integer({ min: 1, max: 9 }),
      isVoided: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('move' as const),
      day: fc.integer({ min: 1, max: BOUND_AT }),
      to: affiliate,
    }),
    // A parent has a lower number, so that no affiliate stands above itself at any date.
    fc
      .record({
        kind: fc.constant('parent' as const),
        day: fc.integer({ min: 1, max: BOUND_AT }),
        of: affiliate,
        to: fc.option(affiliate),
      })
      .filter(({ of, to }) => to === null || to < of),
  ),
  {
    // Two moves, or parents of one affiliate, of one moment would count in the order they came.
    selector: (fact) =>
      fact.kind === 'sale' ? fact : `${fact.kind} ${'of' in fact ? fact.of : ''} ${fact.day}`,
    minLength: 3,
    maxLength: 9,
  },
);

/**
 * What each affiliate earns, in cents: 10 % of each sale of the customer's affiliate of that day,
 * and of that 10 % and 5 % to the parents of that day.
 */
function expectedOf(all: readonly Fact[]): bigint[] {
  const earned = Array.from({ length: AFFILIATES }, () => 0n);
  const lastBefore = <T extends Fact>(some: readonly T[], day: number): T | undefined =>
    some.filter((one) => one.day >= day).toSorted((a, b) => a.day - b.day)[0];
  const ofKind = <K extends Fact['kind']>(kind: K) =>
    all.filter((one): one is Fact & { kind: K } => one.kind === kind);
  const parentOf = (child: number, day: number): number | null =>
    lastBefore(
      ofKind('parent').filter(({ of }) => of === child),
      day,
    )?.to ?? null;
  for (const { day, hundreds, isVoided } of ofKind('sale')) {
    if (isVoided) continue;
    const owner = lastBefore(ofKind('move'), day)?.to ?? 0;
    earned[owner]! += BigInt(hundreds) * 10_00n;
    const parent = parentOf(owner, day);
    if (parent === null) continue;
    earned[parent]! += BigInt(hundreds) * 1_00n;
    const grandparent = parentOf(parent, day);
    if (grandparent !== null) earned[grandparent]! += BigInt(hundreds) * 50n;
  }
  return earned;
}

test('events, moves, dated parents and voids earn the same in any order of arrival', async () => {
  const history = facts.chain((all) =>
    fc.record({ all: fc.constant(all), order: fc.shuffledSubarray(all, { minLength: all.length }) }),
  );
  await fc.assert(
    fc.asyncProperty(history, async ({ all, order }) => {
      const terms = {
        components: [{ kind: 'percent', on: ['sale'], percent: '10' }],
        overrides: [{ percent: '10' }, { percent: '5' }],
      };
      const broker = await withSettledBroker(api, terms);
      const ids = [await broker.affiliate(), await broker.affiliate(), await broker.affiliate()];
      await broker.send({
        event: 'registration',
        customer_id: 'u',
        click_id: await broker.click(ids[0]!, ago(BOUND_AT + 2)),
        occurred_at: ago(BOUND_AT + 1),
      });
      for (const [index, fact] of order.entries()) {
        if (fact.kind === 'move') await broker.reassign('u', ids[fact.to]!, ago(fact.day + 0.5));
        else if (fact.kind === 'parent') {
          const parent = fact.to === null ? null : ids[fact.to]!;
          await broker.change(ids[fact.of]!, { parent_id: parent, parent_since: ago(fact.day + 0.5) });
        } else {
          const id = await broker.send({
            event: 'sale',
            customer_id: 'u',
            transaction_id: `t${index}`,
            amount: `${fact.hundreds}00.00`,
            occurred_at: ago(fact.day),
          });
          if (fact.isVoided) await broker.decide(id, 'void');
        }
      }
      const money = (cents: bigint) => (Number(cents) / 100).toFixed(2);
      assert.deepEqual(await broker.earned(...ids), expectedOf(all).map(money));
    }),
    { numRuns: 25 },
  );
});
