// Classifies network errors: an error class and a sentence. The sentence never contains an address
// or the system error text, which would contain one.
import { errors } from 'undici';
import type { ErrorClass } from '../domain/delivery/retry.ts';

export type Failure = { errorClass: ErrorClass; detail: string };

/** A failure that we noticed ourselves, on its way through undici. The message is the detail. */
export class ReceiverError extends Error {
  readonly errorClass: ErrorClass;
  constructor(errorClass: ErrorClass, detail: string) {
    super(detail);
    this.errorClass = errorClass;
  }
}

const NO_CLIENT_CERTIFICATE: Failure = {
  errorClass: 'tls_client_certificate',
  detail: 'it asks for a client certificate, and we have none',
};
const KNOWN: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: { errorClass: 'connection_refused', detail: 'nothing listens there' },
  ECONNRESET: { errorClass: 'connection_reset', detail: 'the connection was reset' },
  EPIPE: { errorClass: 'connection_reset', detail: 'the connection was closed while we were sending' },
  UND_ERR_SOCKET: {
    errorClass: 'connection_reset',
    detail: 'the connection was closed before the answer was whole',
  },
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: {
    errorClass: 'tls_error',
    detail: 'it speaks no HTTP/1.1 over TLS',
  },
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: NO_CLIENT_CERTIFICATE,
  ETIMEDOUT: { errorClass: 'timeout', detail: 'the network gave up waiting' },
  UND_ERR_HEADERS_OVERFLOW: {
    errorClass: 'response_too_large',
    detail: 'the headers of the answer are too long',
  },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: {
    errorClass: 'protocol_error',
    detail: 'the body is not as long as it claimed',
  },
  UND_ERR_DESTROYED: { errorClass: 'cancelled', detail: 'we were shutting down' },
  UND_ERR_CLOSED: { errorClass: 'cancelled', detail: 'we were shutting down' },
};
const UNREACHABLE = new Set([
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETDOWN',
  'EHOSTDOWN',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
]);
/**
 * Certificate errors have their own error classes, because the owner of the receiver can fix them
 * and each needs another fix.
 */
const CERTIFICATE: Readonly<Record<string, Failure>> = {
  CERT_HAS_EXPIRED: { errorClass: 'tls_expired', detail: 'the certificate has expired' },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    errorClass: 'tls_wrong_name',
    detail: 'the certificate is for another name',
  },
  HOSTNAME_MISMATCH: { errorClass: 'tls_wrong_name', detail: 'the certificate is for another name' },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    errorClass: 'tls_self_signed',
    detail: 'the certificate vouches for itself',
  },
  SELF_SIGNED_CERT_IN_CHAIN: {
    errorClass: 'tls_untrusted',
    detail: 'the certificate was issued by an authority nobody knows',
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    errorClass: 'tls_untrusted',
    detail: 'the certificate of its issuer was not sent along',
  },
  UNABLE_TO_GET_ISSUER_CERT: {
    errorClass: 'tls_untrusted',
    detail: 'the certificate of its issuer was not sent along',
  },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    errorClass: 'tls_untrusted',
    detail: 'the certificate of its issuer is not known',
  },
};
const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|HOSTNAME_MISMATCH|EPROTO)/;

/**
 * Classifies the error that ended a connection or an exchange. Unknown errors count as our own
 * fault: `local_error`.
 */
export function classify(error: unknown): Failure {
  if (error instanceof ReceiverError) return { errorClass: error.errorClass, detail: error.message };
  const { code, message } = described(error);
  if (error instanceof errors.HTTPParserError) {
    // The parser's reason is one of its own fixed texts, such as `Invalid header token`.
    const [, reason = 'no reason given'] = /\((.+)\)$/.exec(message) ?? [];
    return { errorClass: 'protocol_error', detail: `its answer is not HTTP/1.1 (${reason})` };
  }
  // undici uses a single code for every end of a socket. This message means an answer that breaks
  // the rules of HTTP.
  if (message === 'bad response')
    return { errorClass: 'protocol_error', detail: 'it answered before it was asked' };
  const known = KNOWN[code] ?? CERTIFICATE[code];
  if (known !== undefined) return known;
  if (UNREACHABLE.has(code)) return { errorClass: 'network_unreachable', detail: `no way there (${code})` };
  if (TLS_CODE.test(code))
    return { errorClass: 'tls_error', detail: `no trustworthy TLS connection (${code})` };
  return { errorClass: 'local_error', detail: `unexpected on our side (${code === '' ? 'no code' : code})` };
}

/**
 * The failure of a connection on which the receiver asked for a client certificate and that ended
 * without a word of HTTP. TLS has an alert for that since version 1.3 only, and not all send it.
 */
export function withoutClientCertificate(failure: Failure): Failure {
  const isRefusal = failure.errorClass === 'connection_reset' || failure.errorClass === 'tls_error';
  return isRefusal ? NO_CLIENT_CERTIFICATE : failure;
}

function described(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: '', message: '' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { code, message: error.message };
}
