// Commissions as a resource: its routes, and its operations for the OpenAPI document.
import { exampleId } from '../http/answer-fields.ts';
import { jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './commissions.answers.ts';
import { addCommissionRoutes } from './commissions.routes.ts';
import {
  approval,
  approvals,
  commissionFilter,
  holdRelease,
  rejection,
  rejections,
} from './commissions.schema.ts';

const COVERS =
  'A commission covers all its `events`: that of a month is of every customer’s conversions in it, those still ' +
  'to come included. One event alone is rejected by `POST /v1/events/:id/reject`.';
const GIVES_BACK =
  'Of a rejected commission this takes the rejection back (`reinstated`): the commission, and the parts ' +
  'that parents had of it, are what they would be without it, pending, within moments. Affiliates hear ' +
  '`conversion.reinstated` with the reason `unrejected`. Not possible for a parent’s part while the ' +
  'commission it is a part of is rejected, and where debt of the affiliate was written off since.';

export const commissionsResource = defineResource({
  tag: 'Money',
  addRoutes: addCommissionRoutes,
  names: {
    Commission: answers.commission,
    WholeCommission: answers.wholeCommission,
    Decided: answers.decided,
  },
  operations: {
    'POST /v1/holds/release': {
      id: 'releaseHolds',
      summary: 'Release what is due now',
      description: 'The schedule does it by itself.',
      who: 'manage',
      body: jsonRequest(holdRelease, { before: '2026-11-30T00:00:00Z' }),
      answers: { 200: jsonAnswer(answers.released, 'how many became payable') },
    },
    'GET /v1/commissions': {
      id: 'listCommissions',
      summary: 'List commissions',
      who: 'read',
      own: { scope: 'own:read', query: 'affiliate_id' },
      query: commissionFilter,
      answers: { 200: listAnswer(answers.commission) },
    },
    'GET /v1/commissions/:id': {
      id: 'getCommission',
      summary: 'A commission: where its money is, and why',
      who: 'read',
      own: { scope: 'own:read', path: 'commission' },
      answers: { 200: jsonAnswer(answers.wholeCommission) },
    },
    'POST /v1/commissions/approve': {
      id: 'approveCommissions',
      summary: 'Approve many commissions',
      description: `${GIVES_BACK} Only commissions named by \`ids\` are reinstated.`,
      who: 'manage',
      body: jsonRequest(approvals, {
        affiliate_id: exampleId('aff'),
        before: '2026-11-01T00:00:00Z',
        reason: 'checked by hand',
      }),
      answers: { 200: jsonAnswer(answers.decided, 'one result for each') },
    },
    'POST /v1/commissions/reject': {
      id: 'rejectCommissions',
      summary: 'Reject many commissions',
      description: `${COVERS} Approving takes a rejection back.`,
      who: 'manage',
      body: jsonRequest(rejections, { ids: [exampleId('com')], reason: 'the same person twice' }),
      answers: { 200: jsonAnswer(answers.decided, 'one result for each') },
    },
    'POST /v1/commissions/:id/approve': {
      id: 'approveCommission',
      summary: 'Approve a commission before its hold ends, or take its rejection back',
      description: GIVES_BACK,
      who: 'manage',
      body: jsonRequest(approval, { reason: 'checked by hand' }),
      answers: { 200: jsonAnswer(answers.wholeCommission) },
      refusals: ['not_possible'],
    },
    'POST /v1/commissions/:id/reject': {
      id: 'rejectCommission',
      summary: 'Reject a commission',
      description: `${COVERS} Approving takes the rejection back.`,
      who: 'manage',
      body: jsonRequest(rejection, { reason: 'the same person twice' }),
      answers: { 200: jsonAnswer(answers.wholeCommission) },
      refusals: ['not_possible'],
    },
  },
});
