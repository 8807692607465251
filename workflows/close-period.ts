// Closes one month of one operator's books. A month that cannot be closed just now stays here, in plain sight, and is tried again.
import type { ClosingResult } from '../activities/upkeep/close-periods.ts';
import type { PeriodInput } from './contract.ts';
import { showInLists } from './search-attributes.ts';
import { closing } from './steps.ts';

export async function closePeriod(input: PeriodInput): Promise<ClosingResult> {
  showInLists({ OperatorId: input.operatorId });
  return closing.closePeriod(input);
}
