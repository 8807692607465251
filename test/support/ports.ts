// Free TCP ports.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Linux gives outgoing connections and servers on port 0 the ports from 32768 on. Temporal's
 * cluster stores its members' ports in a signed column of two bytes, which ends there too.
 */
const LOWEST = 10_240;
const ABOVE_HIGHEST = 32_768;

/**
 * A port that was free a moment ago, for servers that cannot choose a port themselves. No port that
 * the system itself gives away: another connection could get it before the server listens.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, ABOVE_HIGHEST);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
