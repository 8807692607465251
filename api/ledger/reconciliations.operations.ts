// Reconciliations as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { wholeListAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './reconciliations.answers.ts';
import { addReconciliationRoutes } from './reconciliations.routes.ts';
import { query as listRange, row as listedRow, ROWS_AT_MOST } from './reconciliations.schema.ts';

const list = z.strictObject({ rows: z.array(listedRow).max(ROWS_AT_MOST), ...listRange.shape });

const ROW = { transaction_id: 't-1', event: 'ftd', amount: '500.00', currency: 'USD', commission: '200.00' };
const ROW_AS_CSV = `${Object.keys(ROW).join(',')}
${Object.values(ROW).join(',')}
`;

export const reconciliationsResource = defineResource({
  tag: 'Money',
  addRoutes: addReconciliationRoutes,
  operations: {
    'POST /v1/reconciliations': {
      id: 'reconcileTransactions',
      summary: 'Compare a list of transactions with what is kept',
      description:
        'Nothing is stored and nothing is posted. With a range of time, what the list lacks is told too. ' +
        'A JSON list by itself is taken as `rows`.',
      who: 'read',
      query: listRange,
      body: {
        content: {
          'application/json': list,
          'text/csv': z.string().meta({ description: 'with the columns of a row' }),
        },
        required: true,
        examples: { 'application/json': { rows: [ROW] }, 'text/csv': ROW_AS_CSV },
      },
      answers: {
        200: wholeListAnswer(
          answers.differenceRow,
          { totals: answers.reasonTotals, truncated: answers.truncated },
          { as: 'results', description: 'one difference for each row, as JSON or CSV' },
        ),
      },
    },
  },
});
