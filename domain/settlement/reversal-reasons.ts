// Why a reversal changed nothing, for its outcome.
import { lostChargebacks, reversedOf } from '../commission/reversals.ts';
import type { SlotFact } from '../commission/slot-facts.ts';
import { isNegative, type ConversionEvent } from '../types.ts';
import type { Scope } from './apply-reversals.ts';
import type { BatchLedger } from './batch-ledger.ts';
import type { WhyNothing } from './reversal-effects.ts';

/** Reasons of settled reversals that took back or gave back nothing. */
export const REVERSAL_REASONS = [
  'nothing_to_reverse',
  'already_reversed',
  'already_won',
  'not_clawed_back',
  'too_old',
  'not_charged_back',
] as const;
export type ReversalReason = (typeof REVERSAL_REASONS)[number];

/**
 * The reason why a settled reversal changes no commission; null where it changes one. Judged over
 * all reversals that are known, once they are in the ledger. Where nothing was earned, or a cap
 * leaves no less than before, there is nothing to reverse; a win says nothing of that.
 */
export function reasonOf(books: BatchLedger, reversal: ConversionEvent, scope: Scope): ReversalReason | null {
  const whys = new Set<WhyNothing>();
  const unchanged: { isReversed: boolean }[] = [];
  const wins = new Set<ReversalReason>();
  let isInVain = false;
  for (const { reversal: other, conversionId, why } of scope.effects) {
    if (other.id !== reversal.id) continue;
    const [slot] = books.slotsOfConversion(conversionId);
    if (!slot) continue;
    if (why !== null) {
      whys.add(why);
      continue;
    }
    const { accrual, reversals } = slot.groups.get(conversionId)!;
    const all = reversedOf(accrual, reversals);
    const others = reversals.filter(({ eventId }) => eventId !== reversal.id);
    const without = reversedOf(accrual, others);
    if (all.part * without.of !== without.part * all.of) {
      if (!isNegative(reversal.type) || books.isMovedBy(conversionId, reversal.id)) return null;
      isInVain = true;
      continue;
    }
    unchanged.push({ isReversed: all.part > 0n });
    wins.add(whyNothingWon(reversal, reversals, others));
  }
  if (isInVain) return 'nothing_to_reverse';
  const isReversed = unchanged.some((one) => one.isReversed) || whys.has('already_reversed');
  if (reversal.type === 'chargeback_won')
    return WHYS_OF_WINS.find((why) => wins.has(why)) ?? (isReversed ? 'already_won' : 'not_charged_back');
  if (isReversed) return 'already_reversed';
  if (unchanged.length > 0) return reversal.type === 'chargeback' ? 'already_won' : 'nothing_to_reverse';
  if (whys.has('too_old')) return 'too_old';
  return whys.has('not_clawed_back') ? 'not_clawed_back' : 'nothing_to_reverse';
}

/** Why a win gave back nothing: what is first here counts first. */
const WHYS_OF_WINS = ['already_reversed', 'already_won', 'not_charged_back'] as const;

/** Why a win gives back nothing of a conversion that it is about. */
function whyNothingWon(
  win: ConversionEvent,
  reversals: readonly SlotFact[],
  others: readonly SlotFact[],
): ReversalReason {
  const { cancels = null } = reversals.find(({ eventId }) => eventId === win.id) ?? {};
  const isUndone = ({ type, eventId, occurredAt }: SlotFact): boolean =>
    type === 'chargeback' && occurredAt <= win.occurredAt && (cancels === null || cancels === eventId);
  if (!reversals.some(isUndone)) return 'not_charged_back';
  // It undoes a chargeback, and another reversal takes the same money.
  return lostMinor(reversals) === lostMinor(others) ? 'already_won' : 'already_reversed';
}

function lostMinor(reversals: readonly SlotFact[]): bigint {
  return [...lostChargebacks(reversals).values()].reduce((sum, minor) => sum + minor, 0n);
}
