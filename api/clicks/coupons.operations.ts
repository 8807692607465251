// Coupons as a resource: its routes, and its operations for the OpenAPI document.
import { byAffiliate } from '../http/lists.ts';
import { exampleId } from '../http/answer-fields.ts';
import { deleted, jsonAnswer, jsonRequest, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './coupons.answers.ts';
import { addCouponRoutes } from './coupons.routes.ts';
import { newCoupon } from './coupons.schema.ts';

export const couponsResource = defineResource({
  tag: 'Links and clicks',
  addRoutes: addCouponRoutes,
  names: {
    Coupon: answers.coupon,
  },
  operations: {
    'POST /v1/coupons': {
      id: 'createCoupon',
      summary: 'Add a coupon',
      who: 'manage',
      body: jsonRequest(newCoupon, { code: 'SPRING-26', affiliate_id: exampleId('aff') }),
      answers: { 201: jsonAnswer(answers.coupon, 'added') },
      refusals: ['conflict', 'not_possible'],
    },
    'GET /v1/coupons': {
      id: 'listCoupons',
      summary: 'List coupons',
      who: 'read',
      own: { scope: 'own:read', query: 'affiliate_id' },
      query: byAffiliate,
      answers: { 200: listAnswer(answers.coupon) },
    },
    'DELETE /v1/coupons/:id': {
      id: 'deleteCoupon',
      summary: 'Remove a coupon',
      who: 'manage',
      answers: deleted,
    },
  },
});
