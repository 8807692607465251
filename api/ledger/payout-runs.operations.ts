// Payout runs as a resource: their routes, and their operations for the OpenAPI document.
import { z } from 'zod';
import { listOf, exampleId } from '../http/answer-fields.ts';
import { plainPage } from '../http/lists.ts';
import { action, csvWith, jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './payout-runs.answers.ts';
import { addPayoutRunRoutes } from './payout-runs.routes.ts';
import { newPayoutRun, runPage } from './payout-runs.schema.ts';

const { data: results, next_cursor } = listOf(answers.runResult).shape;
const wholeRun = answers.payoutRun.extend({ counts: answers.runCounts, results, next_cursor });

const BANK_LIST = `reference,status
${exampleId('pay')},paid
`;

export const payoutRunsResource = defineResource({
  tag: 'Money',
  addRoutes: addPayoutRunRoutes,
  names: { PayoutRun: answers.payoutRun, WholePayoutRun: wholeRun, PayoutRunResult: answers.runResult },
  operations: {
    'POST /v1/payout-runs': {
      id: 'startPayoutRun',
      summary: 'Make a payout for every affiliate for whom enough is payable',
      description:
        'In one currency, after what each affiliate owes. Runs as a workflow of its own, which pays each affiliate once, ' +
        'whatever is killed meanwhile: `GET /v1/payout-runs/:id` shows its progress and what became of each. ' +
        'Suspended affiliates are left out, and those without payment details where these are `required`. ' +
        'A dry run says what would be paid. The operator’s webhooks hear `payout_run.done`.',
      who: 'manage',
      headers: {
        'idempotency-key': 'the same key with the same content is answered with the run of the first request',
      },
      body: jsonRequest(newPayoutRun, { currency: 'USD', minimum: '50.00', dry_run: true }),
      answers: { 202: jsonAnswer(answers.payoutRun, 'under way') },
      refusals: ['conflict'],
    },
    'GET /v1/payout-runs': {
      id: 'listPayoutRuns',
      summary: 'List payout runs',
      who: 'read',
      query: plainPage,
      answers: { 200: listAnswer(answers.payoutRun) },
    },
    'GET /v1/payout-runs/:id': {
      id: 'getPayoutRun',
      summary: 'The progress of a payout run, its results, and files to pay by',
      description:
        'As JSON with a page of its results. With `Accept: text/csv` or `application/xml` as a file with whole accounts, ' +
        'for which the key needs the scope `manage`: CSV of the results, or the credit transfers that are still to be ' +
        'made, as ISO 20022 pain.001.001.09. `EndToEndId` is the payout’s id with a hyphen for its underscore; names are ' +
        'spelled in the Latin characters that every bank carries, at most 70. The same transfers have the same `MsgId` on ' +
        'every day, others another one. Transfers need an IBAN of each affiliate, ' +
        'unless `without_iban=omit`, and `PUT /v1/operator/payout-account`; 422 names what is missing.',
      who: 'read',
      query: runPage,
      answers: {
        200: {
          description: 'in the form that `Accept` asks for',
          headers: { link: 'the next page, `rel="next"`; none on the last' },
          content: {
            'application/json': wholeRun,
            'text/csv': csvWith(answers.runPayment),
            'application/xml': z.string().meta({ examples: ['<?xml version="1.0" encoding="UTF-8"?>…'] }),
          },
        },
      },
      refusals: ['not_possible'],
    },
    'DELETE /v1/payout-runs/:id': action(
      'stopPayoutRun',
      'Stop a payout run; payouts that it made stay',
      jsonAnswer(answers.payoutRun),
    ),
    'POST /v1/payout-runs/:id/confirm': {
      id: 'confirmPayoutRun',
      summary: 'Confirm or fail payouts of a run by a list of the bank',
      description:
        'The run’s own CSV, its column `status` filled in; or another CSV with the columns `payout_id` (or `reference`: ' +
        'a payout’s id, also as `EndToEndId` has it, or its external reference), `status` (`paid` or `failed`), and ' +
        'optionally `external_reference` and `reason`. Each row is judged alone, as `POST /v1/payouts/:id/confirm` and ' +
        '`/fail` would, and rows without a status change nothing; the same list again changes nothing. ' +
        'A request works for ten seconds: rows that it did not come to have the issue `not_yet`, and are taken when the ' +
        'list is sent again.',
      who: 'manage',
      body: {
        content: { 'text/csv': z.string() },
        required: true,
        examples: { 'text/csv': BANK_LIST },
      },
      answers: { 200: jsonAnswer(answers.confirmation, 'a result for each row with a status, in order') },
    },
  },
});
