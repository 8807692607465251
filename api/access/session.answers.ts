// Answers about the session: schema and view.
import { z } from 'zod';
import * as field from '../http/answer-fields.ts';
import { SCOPES } from '../http/admission.ts';
import type { Identity } from '../http/auth.ts';
import { OWN_SCOPES } from '../http/own.ts';

const named = z.object({ id: field.text, name: field.text });

export const session = z.object({
  operator: named.nullable().meta({ description: 'null: the administrator, or nobody' }),
  administrator: z.boolean(),
  scopes: z.array(z.enum([...SCOPES, ...OWN_SCOPES])),
  affiliate: named
    .nullable()
    .meta({ description: 'the affiliate that everything is confined to; null: all of the operator’s' }),
  expires_at: field.time.nullable().meta({ description: 'null: nobody is signed in, or without an end' }),
  temporal_ui_url: field.text.nullable().meta({ description: 'null: not configured, or not for you' }),
});

type SessionView = z.input<typeof session>;

export const NOBODY: SessionView = {
  operator: null,
  administrator: false,
  scopes: [],
  affiliate: null,
  expires_at: null,
  temporal_ui_url: null,
};

export function sessionView(identity: Identity, expiresAt: Date | null, temporalUiUrl: string | undefined) {
  const uiUrl = temporalUiUrl ?? null;
  if (!('caller' in identity))
    return { ...NOBODY, administrator: true, expires_at: expiresAt, temporal_ui_url: uiUrl };
  const { operator, key, affiliate } = identity.caller;
  return {
    operator: { id: operator.id, name: operator.name },
    administrator: false,
    scopes: affiliate === null || affiliate.state === 'active' ? key.scopes : [OWN_SCOPES[0]],
    affiliate: affiliate && { id: affiliate.id, name: affiliate.name },
    expires_at: expiresAt,
    temporal_ui_url: affiliate === null ? uiUrl : null,
  };
}
