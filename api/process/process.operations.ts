// Operations about this process itself: its state, and its own description.
import { z } from 'zod';
import * as answers from '../setup/setup.answers.ts';
import { json, type Operations } from '../openapi/operation.ts';

export const processOperations: Operations = {
  'GET /healthz': {
    summary: 'Whether this process lives',
    who: 'anybody',
    answers: { 200: json(answers.health) },
  },
  'GET /readyz': {
    summary: 'Whether it can take events',
    who: 'anybody',
    answers: { 200: json(answers.readiness, 'it can'), 503: json(answers.readiness, 'it cannot') },
  },
  'GET /metrics': {
    summary: 'What this process counts, and what waits',
    description:
      'For Prometheus. From loopback and private addresses; from elsewhere with the administrator token.',
    who: 'anybody',
    answers: { 200: { description: 'text', content: { 'text/plain': z.string() } } },
    refusals: ['unauthorized'],
  },
  'GET /openapi.json': {
    summary: 'This document',
    who: 'anybody',
    answers: { 200: json(z.looseObject({ openapi: z.string() }), 'OpenAPI 3.1') },
  },
  'GET /docs': {
    summary: 'This document, to read',
    who: 'anybody',
    answers: { 200: { description: 'a page', content: { 'text/html': z.string() } } },
  },
};
