// Routes of deliveries: the list, one delivery with its attempts, and what a person does with one.
import type { Router } from 'express';
import type { Store } from '../../store/index.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { notFound } from '../http/errors.ts';
import { listOf } from '../http/lists.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { comesTrueWithin, waitOf } from '../http/prefer.ts';
import type { Temporal } from '../temporal.ts';
import { deliveryView, reportView } from './deliveries.answers.ts';
import * as answers from './deliveries.answers.ts';
import { deliveryFilter } from './deliveries.schema.ts';
import { refusalError } from './refusals.ts';

type Deps = {
  store: Pick<Store, 'deliveries'>;
  auth: Auth;
  temporal: Pick<
    Temporal,
    | 'retryDelivery'
    | 'giveUpDelivery'
    | 'pauseDelivery'
    | 'resumeDelivery'
    | 'acknowledgeDelivery'
    | 'workflowUrl'
  >;
};

export function addDeliveryRoutes(router: Router, { store, auth, temporal }: Deps): void {
  const find = async (operatorId: string, id: string) => {
    const report = await store.deliveries.find(operatorId, id);
    if (report === null) throw notFound('delivery');
    return report;
  };

  addPath(router, '/v1/deliveries', {
    get: [
      auth.scope('read'),
      listOf(
        deliveryFilter,
        (operatorId, page, query) => {
          const {
            state = null,
            endpoint_id: endpointId = null,
            affiliate_id: affiliateId = null,
            recipient_id: recipientId = null,
            event_id: eventId = null,
            last_error: lastError = null,
            order,
          } = query;
          const filter = { state, endpointId, affiliateId, recipientId, eventId, lastError };
          return store.deliveries.list(operatorId, filter, page, order);
        },
        (row) => deliveryView(row, temporal.workflowUrl),
        answers.delivery,
      ),
    ],
  });

  addPath(router, '/v1/deliveries/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const report = await find(callerOf(res).operator.id, idFromPath(req, 'delivery'));
        res.json(reportView(report, temporal.workflowUrl));
      },
    ],
  });

  const actions = {
    retry: temporal.retryDelivery,
    'give-up': temporal.giveUpDelivery,
    pause: temporal.pauseDelivery,
    resume: temporal.resumeDelivery,
    acknowledge: temporal.acknowledgeDelivery,
  };
  for (const [name, act] of Object.entries(actions)) {
    addPath(router, `/v1/deliveries/:id/${name}`, {
      post: [
        auth.scope('manage'),
        async (req, res) => {
          const operatorId = callerOf(res).operator.id;
          const id = idFromPath(req, 'delivery');
          const waitSeconds = name === 'retry' ? waitOf(req) : 0;
          const attempts = waitSeconds > 0 ? await store.deliveries.countAttempts(operatorId, id) : 0;
          const result = await act(operatorId, id);
          if (result.kind === 'refused') throw refusalError(name, await find(operatorId, id), result);
          const isTried = async () => (await store.deliveries.countAttempts(operatorId, id)) > attempts;
          if (await comesTrueWithin(waitSeconds, res, isTried))
            res.setHeader('preference-applied', `wait=${waitSeconds}`);
          res.json(reportView(await find(operatorId, id), temporal.workflowUrl));
        },
      ],
    });
  }
}
