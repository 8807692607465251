// Health checks as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { jsonAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { addHealthRoutes } from './health.routes.ts';

const health = z.object({ status: z.literal('ok') });
const upOrDown = z.enum(['up', 'down']);
const readiness = z.object({
  status: z.enum(['ready', 'degraded', 'unavailable', 'stopping']),
  postgres: upOrDown,
  temporal: upOrDown,
});

export const healthResource = defineResource({
  tag: 'This API',
  addRoutes: addHealthRoutes,
  operations: {
    'GET /healthz': {
      id: 'getHealth',
      summary: 'Whether this process lives',
      who: 'anybody',
      answers: { 200: jsonAnswer(health) },
    },
    'GET /readyz': {
      id: 'getReadiness',
      summary: 'Whether to send it requests',
      who: 'anybody',
      answers: {
        200: jsonAnswer(readiness, 'it can take events'),
        503: jsonAnswer(readiness, 'it cannot, or it stops and takes those for a few seconds longer'),
      },
    },
  },
});
