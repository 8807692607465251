// `npm run test:cluster`: the end-to-end story, the kills and a short benchmark on a real Temporal
// cluster, as docker-compose.yml runs it. Files, or `bench`, may be given in place of those.
// Without the programs and without Go to build them it prints the reason and succeeds.
import { findTemporalCli } from '../../local/temporal-cli.ts';
import { startTemporal } from '../../local/temporal.ts';
import { freePort } from '../support/ports.ts';
import { runTests, UNSAFE, withServers, type TemporalStarter } from '../support/test-run.ts';
import { compareThroughput } from './bench.ts';
import { startCluster } from './cluster.ts';
import { imageVersion, postgresSettingsOf } from './compose.ts';
import { buildPrograms, cachedPrograms, type ClusterPrograms } from './programs.ts';

const FILES = [
  'test/e2e/story.test.ts',
  'test/e2e/kill-worker.test.ts',
  'test/e2e/kill-deliveries.test.ts',
  'test/workflows/fairness.test.ts',
];

async function findPrograms(version: string): Promise<ClusterPrograms | undefined> {
  const cached = cachedPrograms(version);
  if (cached !== undefined) return cached;
  console.log(`building Temporal's server ${version} with Go, once; that takes some minutes`);
  try {
    return await buildPrograms(version);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    console.log(
      `skipped: ${isMissing ? 'Go is not installed, and the server was not built before' : String(error)}`,
    );
    if (!isMissing) process.exitCode = 1;
    return undefined;
  }
}

const programs = await findPrograms(imageVersion('temporal'));
if (programs !== undefined) {
  const temporalCli = await findTemporalCli(console.log);
  const cluster: TemporalStarter = (services) => startCluster(services, programs, temporalCli);
  const embedded: TemporalStarter = async ({ dataDir }) =>
    startTemporal({ program: temporalCli, dataDir, port: await freePort(), namespace: 'default' });
  const args = process.argv.slice(2);
  const isBenchOnly = args[0] === 'bench';
  if (!isBenchOnly)
    process.exitCode = await withServers(cluster, (run) => runTests(args.length > 0 ? args : FILES, run), {
      ...postgresSettingsOf('postgres'),
      ...UNSAFE,
    });
  if (isBenchOnly || (args.length === 0 && process.exitCode === 0))
    await compareThroughput(embedded, cluster);
}
