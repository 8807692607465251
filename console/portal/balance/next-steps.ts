// Sentences about a balance: what is paid next, and why something is not paid yet.
import { difference, formatAmount, isNegative, isZero } from '../../format/money.ts';

type Balance = { currency: string; pending: string; payable: string; in_payout: string; debt: string };
type Upcoming = {
  due: string;
  minimum_payout: string | null;
  becomes_payable: readonly { day: string; amount: string }[];
};

/** Never empty. */
export function nextSteps(balance: Balance, upcoming: Upcoming): string[] {
  const { currency, pending, payable, in_payout: inPayout, debt } = balance;
  const { due, minimum_payout: minimum, becomes_payable: days } = upcoming;
  const money = (amount: string) => `${formatAmount(amount)} ${currency}`;
  const sentences: string[] = [];
  if (!isZero(due))
    sentences.push(
      minimum !== null && isNegative(difference(due, minimum))
        ? `A payout would be ${money(due)} now. Your operator pays out ${money(minimum)} or more, so it waits ` +
            `until another ${money(difference(minimum, due))} is payable.`
        : `A payout would be ${money(due)} now. Your operator decides when payouts are made.`,
    );
  if (!isZero(debt))
    sentences.push(
      isZero(payable)
        ? `You owe ${money(debt)}: it was paid, and its conversion was taken back later. What becomes payable ` +
            'next goes there first.'
        : `Of what is payable, ${money(difference(payable, due))} goes to what you owe.`,
    );
  const [first] = days;
  if (!isZero(pending))
    sentences.push(
      first === undefined
        ? `${money(pending)} is on hold.`
        : `${money(pending)} is on hold. The next part, ${money(first.amount)}, becomes payable on ${first.day}, ` +
            'unless its conversion is taken back.',
    );
  if (!isZero(inPayout))
    sentences.push(
      `${money(inPayout)} is reserved for a payout, and counts as paid once the bank confirms it.`,
    );
  return sentences.length > 0 ? sentences : ['Nothing is on hold, payable or owed.'];
}
