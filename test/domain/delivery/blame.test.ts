// Whom failed attempts blame, for every kind of outcome.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { BLAMES, type Blame } from '../../../domain/delivery/breaker.ts';
import {
  blameOf,
  blamesEndpoint,
  type AttemptOutcome,
  type ErrorClass,
} from '../../../domain/delivery/retry.ts';

const ANSWERS: Readonly<Record<number, Blame>> = {
  301: 'postback',
  400: 'postback',
  401: 'postback',
  403: 'postback',
  404: 'postback',
  410: 'postback',
  422: 'postback',
  429: 'endpoint',
  500: 'endpoint',
  503: 'endpoint',
};

const FAILURES: Readonly<Record<ErrorClass, Blame>> = {
  blocked_address: 'postback',
  dns_error: 'name_servers',
  connection_refused: 'endpoint',
  connection_reset: 'endpoint',
  network_unreachable: 'endpoint',
  timeout: 'endpoint',
  tls_expired: 'endpoint',
  tls_wrong_name: 'endpoint',
  tls_self_signed: 'endpoint',
  tls_untrusted: 'endpoint',
  tls_client_certificate: 'endpoint',
  tls_error: 'endpoint',
  response_too_large: 'endpoint',
  protocol_error: 'endpoint',
  request_too_large: 'postback',
  cancelled: 'us',
  local_error: 'us',
};

const measured = { durationMs: 120, phases: {} };
const outcomes: [string, AttemptOutcome, Blame][] = [
  ...Object.entries(ANSWERS).map(([status, blame]): [string, AttemptOutcome, Blame] => [
    status,
    { kind: 'answered', status: Number(status), excerpt: '', ...measured },
    blame,
  ]),
  ...Object.entries(FAILURES).map(([errorClass, blame]): [string, AttemptOutcome, Blame] => [
    errorClass,
    { kind: 'failed', errorClass: errorClass as ErrorClass, detail: '', ...measured },
    blame,
  ]),
];

for (const [name, outcome, blame] of outcomes) {
  test(`an attempt that ends with ${name} blames the ${blame}, and the breaker counts it accordingly`, () => {
    assert.equal(blameOf(outcome), blame);
    assert.equal(blamesEndpoint(outcome), blame === 'endpoint');
  });
}

test('a name that certainly has no address blames the postback, as a refusal does', () => {
  const outcome = {
    kind: 'failed',
    errorClass: 'dns_error',
    detail: '',
    nameIsAbsent: true,
    ...measured,
  } as const;
  assert.equal(blameOf(outcome), 'postback');
});

test('every blame has an outcome', () => {
  assert.deepEqual(new Set(outcomes.map(([, , blame]) => blame)), new Set(BLAMES));
});
