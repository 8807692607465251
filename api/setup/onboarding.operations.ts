// Onboarding checks as a resource: its routes, and its operations for the OpenAPI document.
import { z } from 'zod';
import { text } from '../http/answer-fields.ts';
import { jsonAnswer } from '../http/operation.ts';
import { defineResource } from '../http/resource.ts';
import { addOnboardingRoute } from './onboarding.routes.ts';

/** Each check has facts of its own. */
const check = z.looseObject({ check: text, state: z.enum(['ok', 'missing', 'attention']), todo: text });
const onboarding = z.object({ capture_script: text, checks: z.array(check) });

export const onboardingResource = defineResource({
  tag: 'Setup',
  addRoutes: addOnboardingRoute,
  operations: {
    'GET /v1/onboarding': {
      id: 'getOnboarding',
      summary: 'What the integration lacks, and what to do',
      who: 'read',
      answers: { 200: jsonAnswer(onboarding) },
    },
  },
});
