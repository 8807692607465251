// Keeps names of affiliates and endpoints out of search attributes, which no payload codec
// encrypts: workflows get them in the `about` of an activity's result, beside a text for people.
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

const HIDDEN = { affiliateName: null, endpointName: null, endpointHost: null };

export const hideNames: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input, next) {
      const result = await next(input);
      return hasAbout(result) ? { ...result, about: { ...result.about, ...HIDDEN } } : result;
    },
  },
});

function hasAbout(result: unknown): result is { about: object } {
  const { about } = (result ?? {}) as { about?: unknown };
  return typeof about === 'object' && about !== null;
}
