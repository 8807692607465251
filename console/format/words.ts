// Words for the codes of the API: states, reasons and error classes.

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'off';

const TONES: Readonly<Record<string, Tone>> = {
  active: 'good',
  up: 'good',
  settled: 'good',
  delivered: 'good',
  done: 'good',
  ok: 'good',
  paid: 'good',
  approved: 'good',
  reinstated: 'info',
  accepted: 'info',
  pending: 'info',
  running: 'info',
  payable: 'info',
  paused: 'warn',
  suspended: 'warn',
  retrying: 'warn',
  held: 'warn',
  orphaned: 'warn',
  failing: 'warn',
  waiting: 'warn',
  gave_up: 'bad',
  set_aside: 'bad',
  down: 'bad',
  disabled: 'bad',
  rejected: 'bad',
  open: 'bad',
  failed: 'bad',
  returned: 'bad',
  owed: 'warn',
  in_payout: 'info',
  reserved: 'info',
};

export function toneOf(state: string): Tone {
  return TONES[state] ?? 'off';
}

const REASONS: Readonly<Record<string, string>> = {
  blocked_address: 'address not allowed',
  dns_error: 'name not found',
  connection_refused: 'connection refused',
  connection_reset: 'connection reset',
  network_unreachable: 'network unreachable',
  timeout: 'timed out',
  tls_expired: 'certificate expired',
  tls_wrong_name: 'certificate of another name',
  tls_self_signed: 'certificate self-signed',
  tls_untrusted: 'certificate not trusted',
  tls_client_certificate: 'client certificate wanted',
  tls_error: 'TLS failed',
  response_too_large: 'answer too large',
  protocol_error: 'answer is not HTTP',
  request_too_large: 'request too large',
  local_error: 'error on our side',
  endpoint_paused: 'endpoint paused',
  endpoint_disabled: 'endpoint disabled',
  paused: 'paused by a person',
  queued: 'queued behind others',
  given_up: 'given up by a person',
};

/** A reason or error class in words: `http_503` is `HTTP 503`. */
export function reasonText(reason: string): string {
  const [, status] = /^http_(\d{3})$/.exec(reason) ?? [];
  return status === undefined ? (REASONS[reason] ?? plain(reason)) : `HTTP ${status}`;
}

/** A code without its underscores. */
export function plain(code: string): string {
  return code.replaceAll('_', ' ');
}
