// Commissions as a resource: its routes, and its operations for the OpenAPI document.
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
      summary: 'Release what is due now',
      description: 'The schedule does it by itself.',
      who: 'manage',
      body: jsonRequest(holdRelease),
      answers: { 200: jsonAnswer(answers.released, 'how many became payable') },
    },
    'GET /v1/commissions': {
      summary: 'List commissions',
      who: 'read',
      own: { scope: 'own:read', query: 'affiliate_id' },
      query: commissionFilter,
      answers: { 200: listAnswer(answers.commission) },
    },
    'GET /v1/commissions/:id': {
      summary: 'A commission: where its money is, and why',
      who: 'read',
      own: { scope: 'own:read', path: 'commission' },
      answers: { 200: jsonAnswer(answers.wholeCommission) },
    },
    'POST /v1/commissions/approve': {
      summary: 'Approve many commissions',
      description: `${GIVES_BACK} Only commissions named by \`ids\` are reinstated.`,
      who: 'manage',
      body: jsonRequest(approvals),
      answers: { 200: jsonAnswer(answers.decided, 'one result for each') },
    },
    'POST /v1/commissions/reject': {
      summary: 'Reject many commissions',
      description: `${COVERS} Approving takes a rejection back.`,
      who: 'manage',
      body: jsonRequest(rejections),
      answers: { 200: jsonAnswer(answers.decided, 'one result for each') },
    },
    'POST /v1/commissions/:id/approve': {
      summary: 'Approve a commission before its hold ends, or take its rejection back',
      description: GIVES_BACK,
      who: 'manage',
      body: jsonRequest(approval),
      answers: { 200: jsonAnswer(answers.wholeCommission) },
      refusals: ['not_possible'],
    },
    'POST /v1/commissions/:id/reject': {
      summary: 'Reject a commission',
      description: `${COVERS} Approving takes the rejection back.`,
      who: 'manage',
      body: jsonRequest(rejection),
      answers: { 200: jsonAnswer(answers.wholeCommission) },
      refusals: ['not_possible'],
    },
  },
});
