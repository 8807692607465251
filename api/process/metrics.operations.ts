// Metrics as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { defineResource } from '../http/resource.ts';
import { addMetricsRoute } from './metrics.routes.ts';

export const metricsResource = defineResource({
  tag: 'This API',
  addRoutes: addMetricsRoute,
  operations: {
    'GET /metrics': {
      id: 'getMetrics',
      summary: 'What this process counts, and what waits',
      description:
        'For Prometheus. From loopback and private addresses; from elsewhere with the administrator token.',
      who: 'anybody',
      answers: {
        200: {
          description: 'text',
          content: {
            'text/plain': z.string().meta({ examples: ['postrider_events_total{status="settled"} 120'] }),
          },
        },
      },
      refusals: ['unauthorized'],
    },
  },
});
