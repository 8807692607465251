// Sends heartbeats of running activities, so that Temporal gives the work of a killed worker to
// another within seconds instead of after the activity's timeout.
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

const EVERY_MS = 2000;

/**
 * Activities are plain functions and know nothing of Temporal. Heartbeats are sent for activities
 * with a heartbeat timeout.
 */
export const heartbeats: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    async execute(input, next) {
      if (!context.info.heartbeatTimeoutMs) return next(input);
      const timer = setInterval(() => context.heartbeat(), EVERY_MS);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  },
});
