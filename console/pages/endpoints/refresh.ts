// Reads anew what shows an endpoint, after a change of it.
import { refresh } from '../../wire/client.ts';

export function refreshEndpoint(): Promise<void> {
  return refresh('/v1/endpoints', '/v1/stuck', '/v1/deliveries', '/v1/replays', '/v1/overview');
}
