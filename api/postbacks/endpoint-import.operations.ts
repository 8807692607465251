// The import of postback URLs as a resource: its routes, and its operations for the OpenAPI
// document.
import { z } from 'zod';
import { text } from '../http/answer-fields.ts';
import { jsonAnswer, jsonRequest } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { warnings } from './endpoint-check.ts';
import { addEndpointImportRoute } from './endpoint-import.routes.ts';
import { endpointImport } from './endpoint-import.schema.ts';

const importedUrl = z.object({
  dialect: text,
  url: text,
  unmapped: z.array(z.object({ macro: text, where: text, note: text })),
  notes: z.array(text),
  method: z.literal('GET'),
  warnings,
});

export const endpointImportResource = defineResource({
  tag: 'Postbacks',
  addRoutes: addEndpointImportRoute,
  operations: {
    'POST /v1/endpoints/import': {
      id: 'translateEndpointUrl',
      summary: 'Translate another platform’s postback URL',
      description: 'Nothing is stored.',
      who: 'manage',
      own: { scope: 'own:endpoints' },
      body: jsonRequest(endpointImport, {
        dialect: 'auto',
        url: 'https://tracker.example/postback?cid={aff_sub}&payout={payout}',
      }),
      answers: { 200: jsonAnswer(importedUrl, 'the URL in our macros') },
      refusals: ['unknown_macro', 'blocked_address'],
    },
  },
});
