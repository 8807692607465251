// Operations about how customers come: links, clicks, coupons, and what visitors' browsers ask for.
import { z } from 'zod';
import * as answers from '../setup/setup.answers.ts';
import { listOf } from '../http/answer-fields.ts';
import { clickFilter, newClick, newCoupon, newLink } from './links.schema.ts';
import { byAffiliate } from '../events/lists.schema.ts';
import { deleted, json, jsonBody, type Operation, type Operations } from '../openapi/operation.ts';

const sub = z.string().optional();
const visit: Omit<Operation, 'summary'> = {
  who: 'anybody',
  query: z.looseObject({
    sub1: sub,
    sub2: sub,
    sub3: sub,
    sub4: sub,
    sub5: sub,
    to: z
      .string()
      .optional()
      .meta({ description: 'a page behind the landing page, on a host of `deep_link_hosts`; or `url`' }),
  }),
  answers: {
    302: {
      description: 'to the landing page',
      headers: { location: 'the page, which learns the click’s id' },
    },
  },
  refusals: ['unavailable'],
};

export const clickOperations: Operations = {
  'POST /v1/links': {
    summary: 'Make a link for an affiliate',
    who: 'manage',
    body: jsonBody(newLink),
    answers: { 201: json(answers.link, 'made') },
  },
  'GET /v1/links': {
    summary: 'List links',
    who: 'read',
    query: byAffiliate,
    answers: { 200: json(listOf(answers.link)) },
  },
  'GET /v1/links/:id': { summary: 'A link', who: 'read', answers: { 200: json(answers.link) } },
  'GET /c/:id': { ...visit, summary: 'Follow a link' },
  'HEAD /c/:id': { ...visit, summary: 'Where a link leads; counts no click' },
  'POST /c/:id/seen': {
    summary: 'The capture script’s word that a click arrived',
    who: 'anybody',
    answers: { 204: { description: 'always' } },
  },
  'GET /capture.js': {
    summary: 'The script for every page of the operator’s site',
    who: 'anybody',
    headers: { 'if-none-match': 'the `etag` of what the browser has' },
    answers: {
      200: { description: 'the script', content: { 'text/javascript': z.string() } },
      304: { description: 'unchanged' },
    },
  },
  'POST /v1/clicks': {
    summary: 'Tell of a click, also afterwards',
    who: 'events:write',
    signable: true,
    body: jsonBody(newClick),
    answers: { 201: json(answers.newClick, 'kept'), 200: json(answers.newClick, 'known already') },
    refusals: ['conflict'],
  },
  'GET /v1/clicks': {
    summary: 'List clicks',
    who: 'read',
    query: clickFilter,
    answers: { 200: json(listOf(answers.click)) },
  },
  'GET /v1/clicks/:id': { summary: 'A click', who: 'read', answers: { 200: json(answers.click) } },
  'POST /v1/coupons': {
    summary: 'Add a coupon',
    who: 'manage',
    body: jsonBody(newCoupon),
    answers: { 201: json(answers.coupon, 'added') },
    refusals: ['conflict'],
  },
  'GET /v1/coupons': {
    summary: 'List coupons',
    who: 'read',
    query: byAffiliate,
    answers: { 200: json(listOf(answers.coupon)) },
  },
  'DELETE /v1/coupons/:id': { summary: 'Remove a coupon', who: 'manage', answers: deleted },
};
