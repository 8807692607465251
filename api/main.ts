// Starts the API process: builds its dependencies, listens, and stops cleanly. Serves without
// Temporal; without PostgreSQL it answers 503.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { createSettle } from '../activities/settlement/settle.ts';
import { VERSION } from '../build.ts';
import { describeConfig, loadApiConfig } from '../config.ts';
import { createGuard } from '../delivery/guard.ts';
import { createMailer } from '../delivery/mail.ts';
import { createMessenger } from '../delivery/messenger.ts';
import { createNames } from '../delivery/names.ts';
import { createPreflight } from '../delivery/preflight.ts';
import { headerProblems } from '../delivery/render.ts';
import { createSender } from '../delivery/send.ts';
import { makeSecret, readSecret, secretKey, verify } from '../delivery/sign.ts';
import { createLogger, type Logger } from '../log.ts';
import { createProcessMetrics } from '../process-metrics.ts';
import { createWorkflowClient } from '../workflows/client.ts';
import { createPayloadCodec, createWireCodec } from '../workflows/payload-codec.ts';
import { readBacklog } from '../store/upkeep/backlog.ts';
import { createStore } from '../store/index.ts';
import { missingMigrations } from '../store/db/migrate.ts';
import { isOutage } from '../store/db/pg-errors.ts';
import { createSummaries } from '../store/delivery/standing.ts';
import { createPool, type Pool } from '../store/db/pool.ts';
import { createSecretBox } from '../store/db/secret-box.ts';
import { createPageFiles } from './access/page-files.ts';
import { createApp } from './app.ts';
import { createClickWriter } from './clicks/click-writer.ts';
import { createLinkCache } from './clicks/link-cache.ts';
import { createDispatcher } from './intake/dispatcher.ts';
import { createDryRun } from './intake/dry-run.ts';
import { createIntake } from './intake/intake.ts';
import { createApiMetrics } from './process/metrics.ts';
import { createRefusalLog } from './intake/refusals.ts';
import { createAudit } from './http/audit.ts';
import { createHttpServer, drainAndClose } from './http/server.ts';
import { createTemporal } from './temporal.ts';

/**
 * A longer stop is cut short: longer than a caller may let its answer wait. With the seconds of
 * draining before it, it must stay below the grace period of the process manager.
 */
const STOP_MS = 12_000;
/** Timeout of a query, so that a request is answered within three seconds. */
const QUERY_MS = 2500;
/** Timeout of a signal. The request is answered all the same, and the sweep repeats the signal. */
const SIGNAL_MS = 1000;
/** Time at stop for starting batches; the sweep starts the rest. */
const DISPATCH_WITHIN_MS = 3000;
/** Time at stop for writing buffered clicks; the rest is lost. */
const CLICKS_WITHIN_MS = 3000;
/** By default the client takes up to ten seconds to notice that Temporal is back. */
const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 200, 'grpc.max_reconnect_backoff_ms': 2000 };

const config = loadApiConfig();
const log = createLogger(config.logLevel, 'api');
log.info({ config: describeConfig(config) }, 'starting');

const pool = createPool(config.databaseUrl, {
  queryTimeoutMs: QUERY_MS,
  applicationName: 'postrider-api',
  onError: (error) => log.warn({ reason: error.message }, 'an idle connection to PostgreSQL broke'),
});
await refuseOldSchema(pool, log);
const store = createStore(pool, createSecretBox(config.secretsKeys));
const connection = Connection.lazy({ ...config.temporal.connection, channelArgs: RECONNECT });
const { namespace, codecKeys, uiUrl } = config.temporal;
const codec = codecKeys ? createPayloadCodec(createSecretBox(codecKeys)) : null;
const client = new Client({ connection, namespace, dataConverter: { payloadCodecs: codec ? [codec] : [] } });
const temporal = createTemporal({
  pool,
  client,
  connection,
  workflows: createWorkflowClient(client, {
    callTimeoutMs: SIGNAL_MS,
    summaries: createSummaries(pool),
    consoleUrl: `${config.publicUrl}/console`,
  }),
  uiUrl,
  log,
});
const tracing =
  config.tracing &&
  (await import('./process/tracing.ts')).startApiTracing({
    ...config.tracing,
    version: VERSION,
    onLost: (reason) => log.warn({ reason }, 'spans could not be sent, and are dropped'),
  });
const dispatcher = createDispatcher({
  client,
  log,
  isSettled: store.traces.isSettled,
  traceBatch: tracing?.traceBatch,
});
const metrics = createApiMetrics({
  registry: createProcessMetrics({ pool, version: VERSION, commit: config.commit }),
  readBacklog: () => readBacklog(pool),
  dispatcher: dispatcher.counts,
});
const intake = createIntake({
  pool,
  onAccepted: (events) => dispatcher.dispatch(events),
  onWritten: metrics.ingested,
});
const clickWriter = createClickWriter({
  clicks: store.clicks,
  onLate: (operatorIds) => operatorIds.forEach(temporal.rematchSoon),
  log,
});
const guard = createGuard({
  allowCidrs: config.allowEndpointCidrs,
  allowPorts: config.allowEndpointPorts,
  requireHttps: config.requireHttps,
  lookUp: createNames({ servers: config.nameServers }).lookUp,
});
const preflight = createPreflight(guard);
const mailer = createMailer(config.smtp);
const stopping = new AbortController();
const cutShort = new AbortController();
const messenger = createMessenger({ sender: createSender(guard), mailer, signal: cutShort.signal });
const codecServer = codec && {
  ...createWireCodec(codec),
  token: config.codecToken,
  uiOrigin: uiUrl && new URL(uiUrl).origin,
};

const dryRun = createDryRun({ pool, createSettle });
const refusals = createRefusalLog({ store: store.refusals, onRefused: metrics.refused, log });
const pageFiles = createPageFiles(fileURLToPath(new URL('../console/dist/', import.meta.url)));
const audit = createAudit({ store: store.auditLog, log });
const signing = { secretKey, verify };

const app = createApp({
  config,
  store,
  intake,
  clickWriter,
  linkCache: createLinkCache(store),
  dryRun,
  traceparentOf: tracing?.traceparentOf,
  temporal,
  codec: codecServer,
  endpointRules: { guard, headerProblems },
  makeSecret,
  readSecret,
  preflight,
  messenger,
  pageFiles,
  signing,
  audit,
  refusals,
  metrics,
  stopping: stopping.signal,
  log,
});
const server = createHttpServer(app);
server.listen(config.port, config.host);
await once(server, 'listening');
log.info({ host: config.host, port: config.port }, 'listening');

// Somebody at a keyboard has no balancer to wait for.
const drainMs = await Promise.race([
  once(process, 'SIGTERM').then(() => config.drainSeconds * 1000),
  once(process, 'SIGINT').then(() => 0),
]);
log.info({ drainMs }, 'stopping');
setTimeout(() => {
  log.error('the stop took too long');
  process.exit(1);
}, drainMs + STOP_MS).unref();
stopping.abort();
setTimeout(() => {
  preflight.close();
  cutShort.abort();
  mailer.close();
}, drainMs).unref();
await drainAndClose(server, drainMs);
await intake.drain();
await clickWriter.drain(CLICKS_WITHIN_MS);
await refusals.flush();
await audit.flush();
await dispatcher.drain(DISPATCH_WITHIN_MS);
await tracing?.close();
await pool.end();
log.info('stopped');
// The end of the process closes the connection to Temporal: closed by hand, it throws out of the
// timer of a call that is being repeated.
process.exit(0);

/**
 * Exits with a message when the schema is older than this release. Skipped while PostgreSQL is
 * away.
 */
async function refuseOldSchema(db: Pool, logger: Logger): Promise<void> {
  try {
    const missing = await missingMigrations(db);
    if (missing.length === 0) return;
    logger.fatal({ missing }, 'the database lacks migrations: run "npm run db:migrate"');
    process.exit(1);
  } catch (error) {
    if (!isOutage(error)) throw error;
    logger.warn('PostgreSQL is away; its schema is not checked');
  }
}
