// Statistics of endpoints as a resource: its route, and its operation for the OpenAPI document.
import type { Router } from 'express';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { notFound } from '../http/errors.ts';
import { byAffiliate, listOf } from '../http/lists.ts';
import { jsonAnswer, listAnswer } from '../http/operation.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { defineResource } from '../http/resource.ts';
import {
  endpointHours,
  endpointHoursView,
  endpointStatistics,
  endpointStatisticsView,
} from './endpoint-statistics.answers.ts';

type Deps = { store: Pick<Store, 'endpoints' | 'endpointStatistics'>; auth: Auth };

export const endpointStatisticsResource = defineResource({
  tag: 'Postbacks',
  addRoutes(router: Router, { store, auth }: Deps) {
    addPath(router, '/v1/endpoint-statistics', {
      get: [
        auth.scope('read'),
        listOf(
          byAffiliate,
          async (operatorId, page, { affiliate_id: affiliateId = null }) => {
            const endpoints = await store.endpoints.list(operatorId, affiliateId, page);
            return store.endpointStatistics.readHours(operatorId, endpoints);
          },
          endpointHoursView,
          endpointHours,
        ),
      ],
    });

    addPath(router, '/v1/endpoints/:id/statistics', {
      get: [
        auth.scope('read'),
        async (req, res) => {
          const operatorId = callerOf(res).operator.id;
          const id = idFromPath(req, 'endpoint');
          if ((await store.endpoints.find(operatorId, id)) === null) throw notFound('endpoint');
          res.json(endpointStatisticsView(await store.endpointStatistics.read(operatorId, id)));
        },
      ],
    });
  },
  operations: {
    'GET /v1/endpoint-statistics': {
      id: 'listEndpointStatistics',
      summary: 'Attempts of every endpoint by hour',
      description: 'In the order of the list of endpoints, page by page.',
      who: 'read',
      own: { scope: 'own:read', query: 'affiliate_id' },
      query: byAffiliate,
      answers: { 200: listAnswer(endpointHours) },
    },
    'GET /v1/endpoints/:id/statistics': {
      id: 'getEndpointStatistics',
      summary: 'Attempts of an endpoint by hour and day, and the latest ones',
      who: 'read',
      own: { scope: 'own:read', path: 'endpoint' },
      answers: { 200: jsonAnswer(endpointStatistics) },
    },
  },
});
