// Heartbeats of steps that last: Temporal hears from them while they run, so that the work of a worker that was killed goes to another one in
// seconds, rather than when the step should have been over.
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

const EVERY_MS = 2000;

/** Steps are plain functions and know nothing of Temporal; those whose options ask for heartbeats get them here. */
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
