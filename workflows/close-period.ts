// Closes one month of an operator's ledger. A month that cannot be closed yet shows its error here
// and is retried.
import type { ClosingResult } from '../activities/upkeep/close-periods.ts';
import type { PeriodInput } from './contract.ts';
import { updateSearchAttributes } from './search-attributes.ts';
import { closing } from './steps.ts';

export async function closePeriod(input: PeriodInput): Promise<ClosingResult> {
  updateSearchAttributes({ OperatorId: input.operatorId });
  return closing.closePeriod(input);
}
