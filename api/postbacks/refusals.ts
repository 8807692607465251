// Refused actions on deliveries, as errors that say the reason and the way out.
import type { Refusal, Refused } from '../../domain/delivery/refusals.ts';
import { ApiError, notFound } from '../http/errors.ts';

type Named = { id: string; endpointId: string; waitsFor: string };

const REASONS: Record<Exclude<Refusal, 'not_found'>, (named: Named) => string> = {
  already_delivered: ({ id }) => `${id} is delivered already; POST /v1/replays sends it again`,
  already_given_up: ({ id }) => `${id} is given up already`,
  cancelled: ({ id }) => `${id} is cancelled`,
  without_workflow: ({ id, endpointId }) =>
    `${id} has no workflow of its own: POST /v1/endpoints/${endpointId}/pause and /resume are for all of its endpoint`,
  not_given_up: ({ id }) => `${id} is not given up`,
  endpoint_deleted: ({ endpointId }) => `its endpoint ${endpointId} is deleted, so nothing can be sent there`,
  endpoint_disabled: ({ endpointId }) =>
    `its endpoint ${endpointId} is disabled: enable it first, POST /v1/endpoints/${endpointId}/enable`,
  endpoint_paused: ({ endpointId }) =>
    `its endpoint ${endpointId} is paused: resume it first, POST /v1/endpoints/${endpointId}/resume`,
  waits_for_predecessor: ({ waitsFor }) =>
    `it must follow ${waitsFor}, an earlier postback about the same conversion that is not finished`,
};

/** The error for a refused action; `action` is its name in the path. */
export function refusalError(
  action: string,
  delivery: { id: string; endpointId: string },
  { refusal, waitsFor = '' }: Refused,
): ApiError {
  if (refusal === 'not_found') return notFound('delivery');
  const message = `${action} is not possible: ${REASONS[refusal]({ ...delivery, waitsFor })}`;
  return new ApiError('not_possible', message, { issues: [{ path: '', code: refusal, message }] });
}
