// Configuration of all processes: reads the environment into one validated, frozen object. No file
// outside `local/`, `bench/`, `test/` and `examples/` reads other variables.
import { z } from 'zod';
import {
  portNumber,
  list,
  cidr,
  nameServer,
  postgresUrl,
  httpUrl,
  months,
  seconds,
  address,
  secretsKeys,
  trustProxy,
  fileContent,
  token,
  commit,
  smtpUrl,
  pairs,
} from './config-values.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Options of `Connection` and `NativeConnection` in the Temporal SDK. */
interface TemporalConnection {
  readonly address: string;
  readonly apiKey?: string;
  readonly tls?: boolean | TemporalTls;
}

interface TemporalTls {
  readonly serverNameOverride?: string;
  readonly serverRootCACertificate?: Buffer;
  readonly clientCertPair?: { readonly crt: Buffer; readonly key: Buffer };
}

const processVariables = z.object({
  PORT: portNumber.default(8080),
  HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: httpUrl.optional(),
  DATABASE_URL: postgresUrl,
  TEMPORAL_ADDRESS: address,
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_API_KEY: z.string().optional(),
  TEMPORAL_TLS: z.stringbool().optional(),
  TEMPORAL_TLS_CLIENT_CERT_PATH: fileContent.optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: fileContent.optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: fileContent.optional(),
  TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
  TEMPORAL_UI_URL: httpUrl.optional(),
  TEMPORAL_CODEC_KEY: secretsKeys.optional(),
  TEMPORAL_CODEC_TOKEN: token.optional(),
  ADMIN_TOKEN: token.optional(),
  SECRETS_KEY: secretsKeys,
  ALLOW_ENDPOINT_CIDRS: list.pipe(z.array(cidr)).default([]),
  ALLOW_ENDPOINT_PORTS: z
    .union([z.literal('*'), list.pipe(z.array(portNumber))])
    .default([80, 443, 8080, 8443]),
  NAME_SERVERS: list.pipe(z.array(nameServer).min(1, 'names no server')).optional(),
  REQUIRE_HTTPS: z.stringbool().default(true),
  TRUST_PROXY: trustProxy.default(false),
  EGRESS_ADDRESSES: list.default([]),
  DRAIN_SECONDS: seconds.default(5),
  CLICKS_KEPT_MONTHS: months.default(13),
  ATTEMPTS_KEPT_MONTHS: months.default(13),
  METRICS_PORT: portNumber.optional(),
  GIT_COMMIT: commit.optional(),
  SMTP_URL: smtpUrl.optional(),
  NOTICES_FROM: z.email().optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  OTEL_EXPORTER_OTLP_HEADERS: pairs.default({}),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

const localVariables = z.object({
  PORT: portNumber.default(8080),
  HOST: z.string().default('127.0.0.1'),
  DATA_DIR: z.string().default('.data'),
  DATABASE_URL: postgresUrl.optional(),
  PG_PORT: portNumber.default(5433),
  TEMPORAL_ADDRESS: address.optional(),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_PORT: portNumber.default(7233),
  TEMPORAL_UI_PORT: portNumber.default(8233),
  RECEIVER_PORT: portNumber.default(8090),
  DEMO: z.stringbool().optional(),
});

export type Config = ReturnType<typeof loadConfig>;
export type ApiConfig = ReturnType<typeof loadApiConfig>;
export type LocalConfig = ReturnType<typeof loadLocalConfig>;

/** Settings of API and worker. Throws one Error that names every invalid or missing variable. */
export function loadConfig(env: Env = process.env) {
  return configFrom(parse(processVariables, env));
}

/**
 * Settings of the API, which also needs the administrator's token. `codecToken`: opens the codec
 * server beside it.
 */
export function loadApiConfig(env: Env = process.env) {
  const variables = parse(processVariables.required({ ADMIN_TOKEN: true }), env);
  const { ADMIN_TOKEN: adminToken, TEMPORAL_CODEC_TOKEN: codecToken } = variables;
  const drainSeconds = variables.DRAIN_SECONDS;
  if (codecToken !== undefined && variables.TEMPORAL_CODEC_KEY === undefined)
    throw incomplete([
      'TEMPORAL_CODEC_TOKEN: needs TEMPORAL_CODEC_KEY, since nothing is encrypted without it',
    ]);
  return Object.freeze({ ...configFrom(variables), adminToken, codecToken, drainSeconds });
}

/** URL of the database, for `npm run db:migrate`. */
export function loadDatabaseUrl(env: Env = process.env): string {
  return parse(processVariables.pick({ DATABASE_URL: true }), env).DATABASE_URL;
}

/** Settings for resealing all secrets: the database, and the keys, of which the first seals. */
export function loadSealing(env: Env = process.env) {
  const { DATABASE_URL, SECRETS_KEY } = parse(
    processVariables.pick({ DATABASE_URL: true, SECRETS_KEY: true }),
    env,
  );
  return { databaseUrl: DATABASE_URL, secretsKeys: SECRETS_KEY };
}

/**
 * Settings of `npm start`. `embedded`: neither PostgreSQL nor Temporal is given; only then tokens
 * are generated and loopback receivers allowed by default. `env`: environment that the parts
 * inherit. `given`: variables that replace an embedded part.
 */
export function loadLocalConfig(env: Env = process.env) {
  const variables = parse(localVariables, env);
  const given = (['DATABASE_URL', 'TEMPORAL_ADDRESS'] as const).filter(
    (name) => variables[name] !== undefined,
  );
  const embedded = given.length === 0;
  return Object.freeze({
    env,
    embedded,
    given,
    port: variables.PORT,
    host: variables.HOST,
    dataDir: variables.DATA_DIR,
    databaseUrl: variables.DATABASE_URL,
    postgresPort: variables.PG_PORT,
    temporalAddress: variables.TEMPORAL_ADDRESS,
    temporalNamespace: variables.TEMPORAL_NAMESPACE,
    temporalPort: variables.TEMPORAL_PORT,
    temporalUiPort: variables.TEMPORAL_UI_PORT,
    receiverPort: variables.RECEIVER_PORT,
    demo: variables.DEMO ?? embedded,
  });
}

/** Configuration with hidden secrets, for the log line at start. */
export function describeConfig(config: Config): Record<string, unknown> {
  const { temporal, secretsKeys: keys, databaseUrl, smtp, tracing, ...rest } = config;
  return {
    ...rest,
    tracing: tracing && { origin: new URL(tracing.url).origin, headers: Object.keys(tracing.headers) },
    smtp: smtp && { host: new URL(smtp.url).host, from: smtp.from },
    ...('adminToken' in rest ? { adminToken: '[hidden]' } : {}),
    ...('codecToken' in rest && rest.codecToken ? { codecToken: '[hidden]' } : {}),
    databaseUrl: databaseUrl
      .replace(/\/\/[^@/]*@/, '//[hidden]@')
      .replace(/password=[^&]*/g, 'password=[hidden]'),
    secretsKeys: keys.map(({ id }) => id),
    temporal: {
      address: temporal.connection.address,
      namespace: temporal.namespace,
      tls: Boolean(temporal.connection.tls),
      apiKey: temporal.connection.apiKey ? '[hidden]' : undefined,
      codecKeys: temporal.codecKeys?.map(({ id }) => id),
    },
  };
}

function configFrom(variables: z.output<typeof processVariables>) {
  return Object.freeze({
    port: variables.PORT,
    host: variables.HOST,
    publicUrl: variables.PUBLIC_URL ?? `http://${variables.HOST}:${variables.PORT}`,
    databaseUrl: variables.DATABASE_URL,
    temporal: Object.freeze({
      connection: temporalConnection(variables),
      namespace: variables.TEMPORAL_NAMESPACE,
      uiUrl: variables.TEMPORAL_UI_URL,
      codecKeys: variables.TEMPORAL_CODEC_KEY,
    }),
    secretsKeys: Object.freeze(variables.SECRETS_KEY),
    allowEndpointCidrs: Object.freeze(variables.ALLOW_ENDPOINT_CIDRS),
    allowEndpointPorts: variables.ALLOW_ENDPOINT_PORTS,
    nameServers: variables.NAME_SERVERS,
    requireHttps: variables.REQUIRE_HTTPS,
    trustProxy: variables.TRUST_PROXY,
    egressAddresses: Object.freeze(variables.EGRESS_ADDRESSES),
    retention: Object.freeze({
      clicksMonths: variables.CLICKS_KEPT_MONTHS,
      attemptsMonths: variables.ATTEMPTS_KEPT_MONTHS,
    }),
    metricsPort: variables.METRICS_PORT,
    commit: variables.GIT_COMMIT,
    smtp: smtpFrom(variables),
    tracing: tracingFrom(variables),
    logLevel: variables.LOG_LEVEL,
  });
}

/** Where spans go, by OTLP over HTTP; null where none are made. */
function tracingFrom(variables: z.output<typeof processVariables>) {
  const endpoint = variables.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return null;
  return Object.freeze({ url: `${endpoint}/v1/traces`, headers: variables.OTEL_EXPORTER_OTLP_HEADERS });
}

/** Null where no mail is sent. Throws where one of the two is missing. */
function smtpFrom({ SMTP_URL: url, NOTICES_FROM: from }: z.output<typeof processVariables>) {
  if (url === undefined && from === undefined) return null;
  if (url !== undefined && from !== undefined) return Object.freeze({ url, from });
  throw incomplete([
    url === undefined ? 'SMTP_URL: is required with NOTICES_FROM' : 'NOTICES_FROM: is required with SMTP_URL',
  ]);
}

/**
 * TLS is on when requested, with an API key, or with a certificate or server name.
 * `TEMPORAL_TLS=false` turns it off.
 */
function temporalConnection(variables: z.output<typeof processVariables>): TemporalConnection {
  const crt = variables.TEMPORAL_TLS_CLIENT_CERT_PATH;
  const key = variables.TEMPORAL_TLS_CLIENT_KEY_PATH;
  const ca = variables.TEMPORAL_TLS_SERVER_CA_CERT_PATH;
  const name = variables.TEMPORAL_TLS_SERVER_NAME;
  const details: TemporalTls = {
    ...(name ? { serverNameOverride: name } : {}),
    ...(ca ? { serverRootCACertificate: ca } : {}),
    ...(crt && key ? { clientCertPair: { crt, key } } : {}),
  };
  const apiKey = variables.TEMPORAL_API_KEY;
  const isTlsOn = variables.TEMPORAL_TLS ?? (apiKey !== undefined || Object.keys(details).length > 0);
  return Object.freeze({
    address: variables.TEMPORAL_ADDRESS,
    ...(apiKey ? { apiKey } : {}),
    ...(isTlsOn ? { tls: details } : {}),
  });
}

/**
 * An empty value counts as unset, since compose files pass empty values. An empty
 * ALLOW_ENDPOINT_CIDRS means "no range".
 */
function parse<S extends z.ZodType>(schema: S, env: Env): z.output<S> {
  const variables = Object.entries(env).filter(
    ([name, value]) => value !== '' || name === 'ALLOW_ENDPOINT_CIDRS',
  );
  const result = schema.safeParse(Object.fromEntries(variables));
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => {
    return `${String(path[0])}: ${message.endsWith('received undefined') ? 'is required' : message}`;
  });
  throw incomplete(lines);
}

function incomplete(problems: readonly string[]): Error {
  const lines = [...new Set(problems)].map((problem) => `  ${problem}`);
  return new Error(`The configuration is not complete:\n${lines.join('\n')}`);
}
