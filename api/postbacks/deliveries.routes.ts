// Postbacks as ops see them: what is stuck, the story of one, and the buttons that bring it on.
import type { Router } from 'express';
import type { AttemptRow, DeliveryReport, DeliveryRow } from '../../store/delivery/delivery-reports.ts';
import type { Store } from '../../store/index.ts';
import { callerOf, type Auth } from '../http/auth.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { answerPage } from '../http/lists.ts';
import { addResource, idOf } from '../http/resource.ts';
import { deliveryFilter } from '../events/lists.schema.ts';
import { read } from '../http/read.ts';
import type { Temporal } from '../temporal.ts';

type Deps = {
  store: Pick<Store, 'deliveries'>;
  auth: Auth;
  temporal: Pick<Temporal, 'retryDelivery' | 'giveUpDelivery'>;
};

export function addDeliveryRoutes(router: Router, { store, auth, temporal }: Deps): void {
  const find = async (operatorId: string, id: string) => {
    const report = await store.deliveries.find(operatorId, id);
    if (report === null) throw notFound('delivery');
    return reportView(report);
  };

  addResource(router, '/v1/deliveries', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        const query = read(deliveryFilter, req.query);
        const {
          state = null,
          endpoint_id: endpointId = null,
          affiliate_id: affiliateId = null,
          event_id: eventId = null,
        } = query;
        const filter = { state, endpointId, affiliateId, eventId };
        res.json(
          await answerPage(
            query,
            (page) => store.deliveries.list(callerOf(res).operator.id, filter, page),
            deliveryView,
          ),
        );
      },
    ],
  });

  addResource(router, '/v1/deliveries/:id', {
    get: [
      auth.scope('read'),
      async (req, res) => {
        res.json(await find(callerOf(res).operator.id, idOf(req, 'delivery')));
      },
    ],
  });

  const buttons = {
    retry: temporal.retryDelivery,
    'give-up': temporal.giveUpDelivery,
    acknowledge: async (operatorId: string, id: string) => {
      const result = await store.deliveries.acknowledge(operatorId, id);
      return result === 'not_given_up' ? ('not_possible' as const) : result;
    },
  };
  for (const [button, press] of Object.entries(buttons)) {
    addResource(router, `/v1/deliveries/:id/${button}`, {
      post: [
        auth.scope('manage'),
        async (req, res) => {
          const operatorId = callerOf(res).operator.id;
          const id = idOf(req, 'delivery');
          const result = await press(operatorId, id);
          if (result === 'not_found') throw notFound('delivery');
          if (result === 'not_possible')
            throw new ApiError('not_possible', `${button} is not possible in the state of this delivery`);
          res.json(await find(operatorId, id));
        },
      ],
    });
  }
}

function deliveryView(delivery: DeliveryRow) {
  return {
    id: delivery.id,
    endpoint_id: delivery.endpointId,
    affiliate_id: delivery.affiliateId,
    event_id: delivery.eventId,
    // A notice is about an endpoint or a postback, which its body names.
    original_event_id: delivery.originalEventId.startsWith('evt_') ? delivery.originalEventId : null,
    type: delivery.type,
    state: delivery.state,
    owner: delivery.owner,
    next_cause: delivery.nextCause,
    replay_id: delivery.replayId,
    predecessor_id: delivery.predecessorId,
    tries: delivery.tries,
    // A finished postback keeps the time of its last try in its row; nothing follows it.
    next_attempt_at: delivery.owner === null ? null : delivery.nextAttemptAt,
    last_error: delivery.lastError,
    created_at: delivery.createdAt,
    finished_at: delivery.finishedAt,
    acknowledged_at: delivery.acknowledgedAt,
  };
}

function reportView(report: DeliveryReport) {
  return {
    ...deliveryView(report),
    body: JSON.parse(report.body) as unknown,
    attempts: report.attempts.map(attemptView),
  };
}

function attemptView(attempt: AttemptRow) {
  return {
    number: attempt.number,
    cause: attempt.cause,
    started_at: attempt.startedAt,
    duration_ms: attempt.durationMs,
    phases: attempt.phases,
    dialled: attempt.dialled,
    status_code: attempt.statusCode,
    error_class: attempt.errorClass,
    response_excerpt: attempt.responseExcerpt,
    next_attempt_at: attempt.nextAttemptAt,
    next_reason: attempt.nextReason,
  };
}
