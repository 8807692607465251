// Metrics that every process has, for Prometheus: Node's own, the build, and the connections to
// PostgreSQL. API and worker add their own to the registry.
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Pool } from './store/db/pool.ts';

type ProcessMetricsDeps = {
  pool: Pick<Pool, 'totalCount' | 'idleCount' | 'waitingCount'>;
  version: string;
  /** The commit that was built; undefined where nobody said. */
  commit: string | undefined;
};

/** A registry with these metrics. Each is read when the page is, and costs nothing before. */
export function createProcessMetrics({ pool, version, commit }: ProcessMetricsDeps): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const build = new Gauge({
    name: 'postrider_build_info',
    help: 'Always 1; the labels tell what is running',
    labelNames: ['version', 'node', 'commit'],
    registers: [],
  });
  build.set({ version, node: process.versions.node, commit: commit ?? 'unknown' }, 1);
  const connections = new Gauge({
    name: 'postrider_postgres_connections',
    help: 'Connections of this process to PostgreSQL',
    labelNames: ['state'],
    registers: [],
    collect() {
      this.set({ state: 'in_use' }, pool.totalCount - pool.idleCount);
      this.set({ state: 'idle' }, pool.idleCount);
    },
  });
  const waiting = new Gauge({
    name: 'postrider_postgres_waiting',
    help: 'Queries and transactions of this process that wait for a connection',
    registers: [],
    collect() {
      this.set(pool.waitingCount);
    },
  });
  for (const metric of [build, connections, waiting]) registry.registerMetric(metric);
  return registry;
}
