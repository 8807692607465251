// Deliveries as a resource: its routes, and its operations for the OpenAPI document.
import { action, jsonAnswer, listAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import * as answers from './deliveries.answers.ts';
import { addDeliveryRoutes } from './deliveries.routes.ts';
import { deliveryFilter } from './deliveries.schema.ts';

export const deliveriesResource = defineResource({
  tag: 'Postbacks',
  addRoutes: addDeliveryRoutes,
  names: {
    Delivery: answers.delivery,
    WholeDelivery: answers.wholeDelivery,
  },
  operations: {
    'GET /v1/deliveries': {
      id: 'listDeliveries',
      summary: 'List postbacks',
      description: '`state=stuck` means `retrying`, `held`, or `gave_up` and not acknowledged.',
      who: 'read',
      own: { scope: 'own:read', query: 'recipient_id' },
      query: deliveryFilter,
      answers: { 200: listAnswer(answers.delivery) },
    },
    'GET /v1/deliveries/:id': {
      id: 'getDelivery',
      summary: 'A postback with every attempt',
      who: 'read',
      own: { scope: 'own:read', path: 'delivery' },
      answers: { 200: jsonAnswer(answers.wholeDelivery) },
    },
    'POST /v1/deliveries/:id/retry': {
      ...action('retryDelivery', 'Try a postback now', jsonAnswer(answers.wholeDelivery), {
        scope: 'own:endpoints',
        path: 'delivery',
      }),
      headers: { prefer: '`wait=5` (at most 10): the answer waits until the attempt was made' },
    },
    'POST /v1/deliveries/:id/give-up': action(
      'giveUpDelivery',
      'Try a postback no more',
      jsonAnswer(answers.wholeDelivery),
    ),
    'POST /v1/deliveries/:id/pause': {
      ...action('pauseDelivery', 'Wait with the next try of a postback', jsonAnswer(answers.wholeDelivery)),
      description:
        'Only for a postback that `owner` `self` tries by itself; others wait with their endpoint.',
    },
    'POST /v1/deliveries/:id/resume': action(
      'resumeDelivery',
      'Go on with a postback that was paused',
      jsonAnswer(answers.wholeDelivery),
    ),
    'POST /v1/deliveries/:id/acknowledge': action(
      'acknowledgeDelivery',
      'Note that somebody has seen it',
      jsonAnswer(answers.wholeDelivery),
    ),
  },
});
