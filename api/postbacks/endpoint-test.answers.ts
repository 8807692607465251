// Answer of an endpoint test: schema and view.
import { z } from 'zod';
import type { Trial } from '../../delivery/preflight.ts';
import * as field from '../http/answer-fields.ts';

const milliseconds = z.number().nullable();

export const trial = z.object({
  verdict: field.text.meta({ description: '`delivered`, or the error class an attempt would get' }),
  advice: field.text.nullable(),
  detail: field.text.nullable().meta({
    description: 'what went wrong where no answer was whole; of one that is not HTTP, how it began',
  }),
  resolved: z.object({ host: field.text, addresses: z.array(field.text) }),
  dialled: field.text.nullable(),
  tls: z
    .object({ protocol: field.text.nullable(), issuer: field.text, valid_to: field.text.nullable() })
    .nullable(),
  sent: z
    .object({
      url: field.text,
      method: field.text,
      headers: z.record(z.string(), field.text),
      body: field.text.nullable(),
    })
    .nullable(),
  received: z
    .object({ status: z.int(), headers: z.record(z.string(), field.text), excerpt: field.text.nullable() })
    .nullable(),
  phases: z.object({
    dns_ms: milliseconds,
    connect_ms: milliseconds,
    tls_ms: milliseconds,
    first_byte_ms: milliseconds,
    total_ms: z.number(),
  }),
});

export function trialView({ tls, phases, durationMs, ...rest }: Trial) {
  return {
    verdict: rest.verdict,
    advice: rest.advice,
    detail: rest.detail,
    resolved: rest.resolved,
    dialled: rest.dialled,
    tls: tls && { protocol: tls.protocol, issuer: tls.issuer, valid_to: tls.validTo },
    sent: rest.sent,
    received: rest.received,
    phases: {
      dns_ms: phases.dnsMs ?? null,
      connect_ms: phases.connectMs ?? null,
      tls_ms: phases.tlsMs ?? null,
      first_byte_ms: phases.firstByteMs ?? null,
      total_ms: durationMs,
    },
  };
}
