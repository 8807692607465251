// The overview of an operator as a resource: its route, its answer, and its operation for the
// OpenAPI document.
import type { Router } from 'express';
import { z } from 'zod';
import type { Store } from '../../store/index.ts';
import { HOURLY_AT_MOST, type Overview, WAITING_AT_MOST } from '../../store/upkeep/overview.ts';
import * as field from '../http/answer-fields.ts';
import { type Auth, callerOf } from '../http/auth.ts';
import { jsonAnswer } from '../http/operation.ts';
import { addPath } from '../http/path.ts';
import { defineResource } from '../http/resource.ts';

const flow = {
  events: field.count,
  settled: field.count.meta({ description: 'of these events' }),
  postbacks: field.count,
  delivered: field.count.meta({ description: 'of these postbacks' }),
};

const overview = z.object({
  last_24_hours: z.object(flow),
  hours: z
    .array(z.object({ at: field.time, ...flow }))
    .meta({ description: `24, the present one last; each counted up to ${HOURLY_AT_MOST}` }),
  waiting: z
    .object({
      orphaned: field.count,
      set_aside: field.count,
      stuck: field.count,
      oldest_stuck_at: field.time.nullable(),
    })
    .meta({ description: `now, however old; counted up to ${WAITING_AT_MOST}` }),
});

function overviewView({ hours, waiting }: Overview) {
  const sum = (of: 'events' | 'settled' | 'postbacks' | 'delivered') =>
    hours.reduce((total, hour) => total + hour[of], 0);
  return {
    last_24_hours: {
      events: sum('events'),
      settled: sum('settled'),
      postbacks: sum('postbacks'),
      delivered: sum('delivered'),
    },
    hours,
    waiting: {
      orphaned: waiting.orphaned,
      set_aside: waiting.setAside,
      stuck: waiting.stuck,
      oldest_stuck_at: waiting.oldestStuckAt,
    },
  };
}

type Deps = { store: Pick<Store, 'overview'>; auth: Auth };

export const overviewResource = defineResource({
  tag: 'Setup',
  addRoutes(router: Router, { store, auth }: Deps) {
    addPath(router, '/v1/overview', {
      get: [
        auth.scope('read'),
        async (_req, res) => {
          res.json(overviewView(await store.overview.read(callerOf(res).operator.id)));
        },
      ],
    });
  },
  operations: {
    'GET /v1/overview': {
      id: 'getOverview',
      summary: 'Events and postbacks of the last 24 hours, and what waits for a person',
      who: 'read',
      answers: { 200: jsonAnswer(overview) },
    },
  },
});
