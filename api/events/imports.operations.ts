// Imports as a resource: their routes, and their operations for the OpenAPI document.
import { z } from 'zod';
import { listOf } from '../http/answer-fields.ts';
import { plainPage } from '../http/lists.ts';
import { action, csvWith, jsonAnswer, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { sendingOptions } from './events.schema.ts';
import * as answers from './imports.answers.ts';
import { addImportRoutes, IMPORT_LIMITS } from './imports.routes.ts';
import { IMPORT_FIELDS, linePage } from './imports.schema.ts';

const { data: results, next_cursor } = listOf(answers.importLine).shape;

const wholeImport = answers.eventImport.extend({ results, next_cursor });

const FILE = `event,transaction_id,customer_id,amount,currency
ftd,t-1,carla,500.00,USD
chargeback,t-2,carla,500.00,USD
`;

export const importsResource = defineResource({
  tag: 'Events',
  addRoutes: addImportRoutes,
  names: { EventImport: answers.eventImport, WholeEventImport: wholeImport, ImportLine: answers.importLine },
  operations: {
    'POST /v1/imports': {
      id: 'startImport',
      summary: 'Send a file of events',
      description:
        `CSV in UTF-8, up to ${IMPORT_LIMITS.bytes / 1024 / 1024} MiB and ${IMPORT_LIMITS.rows} rows, with a header row. ` +
        `Columns, in any order: ${IMPORT_FIELDS.map((name) => `\`${name}\``).join(', ')} (JSON). Commas, semicolons or tabs. ` +
        'Each row is taken in as `POST /v1/events` would, by a workflow of its own, which takes each in once, whatever is ' +
        'killed meanwhile: `GET /v1/imports/:id` shows its progress and what became of each row. The rows are kept only ' +
        'until they are taken in. A dry run says what would be refused. Needs `manage`, since files are not signed.',
      who: 'manage',
      query: sendingOptions,
      headers: {
        'idempotency-key': 'the same key with the same file is answered with the import of the first request',
      },
      body: {
        content: { 'text/csv': z.string() },
        required: true,
        examples: { 'text/csv': FILE },
      },
      answers: { 202: jsonAnswer(answers.eventImport, 'the file is kept') },
      refusals: ['conflict'],
    },
    'GET /v1/imports': {
      id: 'listImports',
      summary: 'List imports',
      who: 'read',
      query: plainPage,
      answers: { 200: listAnswer(answers.eventImport) },
    },
    'GET /v1/imports/:id': {
      id: 'getImport',
      summary: 'The progress of an import, and what became of its rows',
      description:
        'In the order of the file. `?status=refused` with `Accept: text/csv`: the rows to put right.',
      who: 'read',
      query: linePage,
      answers: {
        200: {
          description: 'as JSON with a page of its results, or the results as CSV',
          headers: { link: 'the next page, `rel="next"`; none on the last' },
          content: {
            'application/json': wholeImport,
            'text/csv': csvWith(answers.importLine),
          },
        },
      },
    },
    'DELETE /v1/imports/:id': action(
      'stopImport',
      'Stop an import; events that it took in stay',
      jsonAnswer(answers.eventImport),
    ),
  },
});
