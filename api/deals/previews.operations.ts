// Previews of terms as a resource: its routes, and its operations for the OpenAPI document.
import { jsonAnswer, jsonRequest } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { TERMS } from './deals.operations.ts';
import * as answers from './previews.answers.ts';
import { addPreviewRoute } from './previews.routes.ts';
import { dealPreview } from './previews.schema.ts';

export const previewsResource = defineResource({
  tag: 'Setup',
  addRoutes: addPreviewRoute,
  operations: {
    'POST /v1/deals/:id/preview': {
      id: 'previewDeal',
      summary: 'What past events would have paid by other terms',
      description:
        'The terms are worked out as a version that begins at `from`. What came before is seen (first deposits, the month’s caps and steps, losses carried) and not reported. Posts nothing.',
      who: 'manage',
      body: jsonRequest(dealPreview, {
        terms: TERMS,
        from: '2026-10-01T00:00:00Z',
        to: '2026-11-01T00:00:00Z',
      }),
      answers: { 200: jsonAnswer(answers.preview, 'by affiliate and month, beside what was paid') },
      refusals: ['not_possible'],
    },
  },
});
