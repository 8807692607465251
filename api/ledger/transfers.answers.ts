// Answers about one transfer: schema and view.
import type { WholeTransfer } from '../../store/ledger/explained-transfers.ts';
import * as field from '../http/answer-fields.ts';
import { transfer, transferView } from './balances.answers.ts';

export const wholeTransfer = transfer.extend({
  affiliate_name: field.text.nullable(),
  event: field.text.nullable(),
  transaction_id: field.text.nullable(),
  original_event_id: field.text.nullable(),
  original_transaction_id: field.text.nullable(),
  formula: field.text.nullable().meta({
    description: 'of the rating that caused it; null where it only moved what was earned before',
  }),
});

/** A transfer with what it is about, as on its line of a statement. */
export function wholeTransferView(row: WholeTransfer) {
  return {
    ...transferView(row),
    affiliate_name: row.affiliateName,
    event: row.eventType,
    transaction_id: row.transactionId,
    original_event_id: row.originalEventId,
    original_transaction_id: row.originalTransactionId,
    formula: row.formula,
  };
}
