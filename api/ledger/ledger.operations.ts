// Operations about money: what is owed and why, decisions, payouts, the books.
import { z } from 'zod';
import * as books from './periods.answers.ts';
import { listOf } from '../http/answer-fields.ts';
import * as answers from './ledger.answers.ts';
import { ledgerFilter, openStatement, periodPage, statementFilter, statementForm } from './periods.schema.ts';
import * as form from './ledger.schema.ts';
import { query as listRange, row as listedRow, ROWS_AT_MOST } from './reconciliations.schema.ts';
import { json, jsonBody, type Answer, type Operations } from '../openapi/operation.ts';

const wholeStatement: Answer = {
  description: 'as JSON, or as CSV where `format` or `Accept` asks for it',
  content: { 'application/json': books.wholeStatement, 'text/csv': z.string() },
};

const list = z.strictObject({ rows: z.array(listedRow).max(ROWS_AT_MOST), ...listRange.shape });

export const moneyOperations: Operations = {
  'GET /v1/affiliates/:id/balance': {
    summary: 'What an affiliate has, by currency',
    who: 'read',
    answers: { 200: json(answers.balances) },
  },
  'GET /v1/affiliates/:id/ledger': {
    summary: 'Every transfer of an affiliate',
    who: 'read',
    query: ledgerFilter,
    answers: { 200: json(listOf(answers.transfer)) },
  },
  'POST /v1/affiliates/:id/adjustments': {
    summary: 'Adjust by hand what is owed',
    who: 'manage',
    body: jsonBody(form.newAdjustment),
    answers: { 201: json(answers.byHand, 'posted') },
    refusals: ['conflict'],
  },
  'POST /v1/affiliates/:id/write-offs': {
    summary: 'Write off debt: all of it, or an amount',
    who: 'manage',
    body: jsonBody(form.newWriteOff),
    answers: { 201: json(answers.byHand, 'posted') },
    refusals: ['conflict', 'not_possible'],
  },
  'POST /v1/holds/release': {
    summary: 'Release what is due now',
    description: 'The schedule does it by itself.',
    who: 'manage',
    body: jsonBody(form.holdRelease),
    answers: { 200: json(answers.released, 'how many became payable') },
  },
  'GET /v1/commissions': {
    summary: 'List commissions',
    who: 'read',
    query: form.commissionFilter,
    answers: { 200: json(listOf(answers.commission)) },
  },
  'GET /v1/commissions/:id': {
    summary: 'A commission: where its money is, and why',
    who: 'read',
    answers: { 200: json(answers.wholeCommission) },
  },
  'POST /v1/commissions/approve': {
    summary: 'Approve many commissions',
    who: 'manage',
    body: jsonBody(form.approvals),
    answers: { 200: json(answers.decided, 'one result for each') },
  },
  'POST /v1/commissions/reject': {
    summary: 'Reject many commissions for good',
    who: 'manage',
    body: jsonBody(form.rejections),
    answers: { 200: json(answers.decided, 'one result for each') },
  },
  'POST /v1/commissions/:id/approve': {
    summary: 'Approve a commission before its hold ends',
    who: 'manage',
    body: jsonBody(form.approval),
    answers: { 200: json(answers.wholeCommission) },
    refusals: ['not_possible'],
  },
  'POST /v1/commissions/:id/reject': {
    summary: 'Reject a commission for good',
    who: 'manage',
    body: jsonBody(form.rejection),
    answers: { 200: json(answers.wholeCommission) },
    refusals: ['not_possible'],
  },
  'POST /v1/payouts': {
    summary: 'Reserve what is payable, after what is owed',
    who: 'manage',
    headers: { 'idempotency-key': 'the same key with the same content is answered as the first request was' },
    body: jsonBody(form.newPayout),
    answers: { 201: json(answers.payout, 'reserved') },
    refusals: ['conflict', 'not_possible'],
  },
  'GET /v1/payouts': {
    summary: 'List payouts',
    who: 'read',
    query: form.payoutFilter,
    answers: { 200: json(listOf(answers.payout)) },
  },
  'GET /v1/payouts/:id': {
    summary: 'A payout with its history',
    who: 'read',
    answers: { 200: json(answers.wholePayout) },
  },
  'POST /v1/payouts/:id/confirm': {
    summary: 'The payout arrived',
    who: 'manage',
    body: jsonBody(form.payoutStep.confirm),
    answers: { 200: json(answers.payout) },
    refusals: ['conflict', 'not_possible'],
  },
  'POST /v1/payouts/:id/fail': {
    summary: 'The payout could not be made',
    who: 'manage',
    body: jsonBody(form.payoutStep.fail),
    answers: { 200: json(answers.payout) },
    refusals: ['not_possible'],
  },
  'POST /v1/payouts/:id/return': {
    summary: 'The payout came back',
    who: 'manage',
    body: jsonBody(form.payoutStep.return),
    answers: { 200: json(answers.payout) },
    refusals: ['not_possible'],
  },
  'GET /v1/periods': {
    summary: 'List the months of the books',
    who: 'read',
    query: periodPage,
    answers: { 200: json(listOf(books.period)) },
  },
  'GET /v1/periods/:period': {
    summary: 'A month of the books',
    who: 'read',
    answers: { 200: json(books.period) },
  },
  'POST /v1/periods/:period/close': {
    summary: 'Close a month',
    who: 'manage',
    answers: {
      202: json(books.period, 'its statements are being written'),
      200: json(books.period, 'closed already'),
    },
    refusals: ['not_possible'],
  },
  'GET /v1/affiliates/:id/statements': {
    summary: 'List an affiliate’s statements',
    who: 'read',
    query: statementFilter,
    answers: { 200: json(listOf(books.statement)) },
  },
  'GET /v1/affiliates/:id/statements/current': {
    summary: 'What the statement of an open month would say now',
    who: 'read',
    query: openStatement,
    answers: { 200: wholeStatement },
    refusals: ['not_possible'],
  },
  'GET /v1/statements/:id': {
    summary: 'A statement',
    who: 'read',
    query: statementForm,
    answers: { 200: wholeStatement },
  },
  'POST /v1/reconciliations': {
    summary: 'Compare a list of transactions with what is kept',
    description:
      'Nothing is stored and nothing is posted. With a range of time, what the list lacks is told too.',
    who: 'read',
    query: listRange,
    body: {
      content: {
        'application/json': list,
        'text/csv': z.string().meta({ description: 'with the columns of a row' }),
      },
      required: true,
    },
    answers: { 200: json(books.reconciliation, 'one difference for each row') },
  },
};
