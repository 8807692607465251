// Temporal's runtime of the worker process: its log, and its metrics, which the SDK serves on a
// port of its own.
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Runtime, type Logger } from '@temporalio/worker';

type RuntimeDeps = { logger: Logger; /** Whether anybody reads the metrics. */ isMeasured: boolean };

/** A free port may be taken before the SDK listens; then the next one is tried. */
const PORTS_AT_MOST = 5;
const READ_WITHIN_MS = 2000;

/**
 * Installs the runtime. `readMetrics` gives the SDK's metrics in the text format of Prometheus, and
 * nothing where they are not measured; it rejects when the SDK does not answer.
 */
export async function installRuntime({ logger, isMeasured }: RuntimeDeps): Promise<{
  readMetrics(): Promise<string>;
}> {
  if (!isMeasured) {
    Runtime.install({ logger });
    return { readMetrics: () => Promise.resolve('') };
  }
  const address = `127.0.0.1:${await listen(logger)}`;
  return {
    async readMetrics() {
      const response = await fetch(`http://${address}/metrics`, {
        signal: AbortSignal.timeout(READ_WITHIN_MS),
      });
      return await response.text();
    },
  };
}

async function listen(logger: Logger): Promise<number> {
  for (let left = PORTS_AT_MOST; ; left--) {
    const port = await freePort();
    try {
      const prometheus = {
        bindAddress: `127.0.0.1:${port}`,
        countersTotalSuffix: true,
        unitSuffix: true,
        useSecondsForDurations: true,
      };
      Runtime.install({ logger, telemetryOptions: { metrics: { prometheus, attachServiceName: false } } });
      return port;
    } catch (error) {
      if (left === 1) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
