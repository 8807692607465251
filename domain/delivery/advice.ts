// Advice to the owner of an endpoint about a failed attempt, in one sentence.
import { isDelivered, type ErrorClass, type AttemptOutcome } from './retry.ts';

const ADVICE: Readonly<Record<ErrorClass, string>> = {
  blocked_address:
    'Use a public address and an allowed port: addresses inside networks, and names that stand for one, are not called.',
  dns_error: 'Check the host name and its name servers: it has no address, or none came in time.',
  connection_refused: 'Start the server, or open its port: nothing listens there.',
  connection_reset: 'Look into the server, or the proxy before it: it hung up before the answer was whole.',
  network_unreachable: 'Check the address and its routes: there is no way to it.',
  timeout:
    'Open the firewall to us if it did not connect, or answer first and work afterwards if it did: there are 15 s for all.',
  tls_expired: 'Renew the certificate.',
  tls_wrong_name: 'Get a certificate for this host name, or use the name that the certificate is for.',
  tls_self_signed:
    'Get a certificate from an authority that browsers know: a self-signed one proves nothing to us.',
  tls_untrusted:
    'Send the certificates of the issuers along (the "full chain"), and use an authority that browsers know.',
  tls_client_certificate:
    'Let the server take us without a client certificate on this path: we have none; the signature proves who sends.',
  tls_error: 'Check that TLS is spoken on this port, in version 1.2 or 1.3, and HTTP/1.1 over it.',
  response_too_large:
    'Answer with a status and a few words: the answer has no end, or its headers are too long.',
  protocol_error:
    'Check that an HTTP/1.1 server answers on this port. If one does, mend its answer: the attempt says what is wrong with it.',
  request_too_large: 'Use fewer or shorter macros: the filled URL is longer than servers take.',
  cancelled: 'Test again: we stopped it because this process was shutting down.',
  local_error: 'Tell us, with the id of this request: something went wrong on our side.',
};

/**
 * Advice about the endpoint whose last failure has this error class, such as `timeout` or
 * `http_404`. Null without a failure.
 */
export function adviceForError(errorClass: string | null): string | null {
  if (errorClass === null) return null;
  if (Object.hasOwn(ADVICE, errorClass)) return ADVICE[errorClass as ErrorClass];
  const [, status] = /^http_(\d{3})$/.exec(errorClass) ?? [];
  return adviceForStatus(Number(status ?? 400));
}

/**
 * Advice about an attempt. Null when the postback was delivered and the owner needs to do nothing.
 */
export function adviceFor(outcome: AttemptOutcome): string | null {
  if (outcome.kind === 'failed') return ADVICE[outcome.errorClass];
  if (isDelivered(outcome)) {
    const isUnwanted = outcome.control?.trim().toLowerCase() === 'disable';
    return isUnwanted
      ? 'Take away the header "webhook-delivery: disable": after a postback it would disable the endpoint.'
      : null;
  }
  return adviceForStatus(outcome.status);
}

function adviceForStatus(status: number): string {
  if (status >= 300 && status < 400) return 'Use the address it points to: redirects are not followed.';
  if (status === 401 || status === 403)
    return 'Let us in: add the header it asks for to the endpoint, or our addresses to its allow list.';
  if (status === 404 || status === 405) return 'Check path and method of the endpoint.';
  if (status === 410) return 'Check the path: after a postback a 410 would disable the endpoint.';
  if (status === 429)
    return 'Give the endpoint a lower rate_per_second or max_in_flight, or have the receiver take more.';
  if (status < 500) return 'Look up in the log of the receiver why it refuses the request.';
  return 'Look into the log of the receiver: it failed.';
}
