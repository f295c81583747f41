import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import type { RegistryChanges } from '../models/registry/liveRegistry.ts';
import type { Registry } from '../models/registry/registry.ts';
import { Keys } from './access/keySources.ts';
import { PictureLinks } from './answers/pictureLinks.ts';
import { Uploads } from './answers/uploads.ts';
import type { ExplanationService } from './compute/explanation.ts';
import type { Config } from './config.ts';
import type { FileStore } from './files/store.ts';
import { graphql } from './graphql/routes.ts';
import { acceptWebSockets } from './graphql/webSockets.ts';
import { clientSignal } from './http/clientSignal.ts';
import { OpenStreams } from './http/jobs/openStreams.ts';
import { MAX_WAIT_S } from './http/jobs/submit.ts';
import type { Predictor } from './http/kserve/predictor.ts';
import { answerClientError, ignoreExpectations, requireHost } from './http/plugins/clientErrors.ts';
import { limitConnections } from './http/plugins/connections.ts';
import { allowOrigins } from './http/plugins/crossOrigin.ts';
import { drainOnClose } from './http/plugins/drain.ts';
import { readJsonBodies } from './http/plugins/jsonBodies.ts';
import { documentRoutes } from './http/plugins/openapi.ts';
import { identifyPrincipals, requireKeys } from './http/plugins/principal.ts';
import { answerProblems, sendProblem } from './http/plugins/problems.ts';
import { charge, chargeRows, limitMisses, limitRates } from './http/plugins/rateLimits.ts';
import { limitRequests, MAX_HEADER_BYTES } from './http/plugins/requestLimits.ts';
import { logRequests } from './http/plugins/requestLog.ts';
import { secureHeaders } from './http/plugins/securityHeaders.ts';
import { cutSlowReaders } from './http/plugins/slowReaders.ts';
import { socketPrincipal } from './http/plugins/socketPrincipal.ts';
import { keepOutWebPages } from './http/plugins/webPages.ts';
import { failureOf, PROBLEMS } from './http/problem.ts';
import { uuidV7 } from './http/requestId.ts';
import { rest } from './http/rest.ts';
import type { Jobs } from './jobs/jobs.ts';

/** All that the app is made of; it reads no environment and starts nothing. */
export interface AppDependencies {
  readonly config: Pick<
    Config,
    | 'MAX_UPLOAD_BYTES'
    | 'MAX_RUNS'
    | 'EXPLAIN_TIMEOUT_MS'
    | 'TRUST_PROXY'
    | 'RATE_LIMIT'
    | 'MISS_LIMIT'
    | 'ALLOWED_HOSTS'
    | 'CORS_ORIGINS'
    | 'MAX_CONNECTIONS'
    | 'REQUEST_TIMEOUT_MS'
    | 'RESPONSE_TIMEOUT_MS'
    | 'GRAPHQL_MAX_COST'
    | 'GRAPHQL_INTROSPECTION'
  >;
  readonly logger: FastifyBaseLogger;
  readonly service: ExplanationService;
  readonly registry: Registry;
  readonly jobs: Jobs;
  /** Who is served; default: everybody. */
  readonly keys?: Keys;
  /** Keeps uploaded images, and pictures that links lead to. */
  readonly files: FileStore;
  /** Signs links. */
  readonly secret: Uint8Array;
  readonly reloadModels: () => Promise<RegistryChanges>;
  /** Who predicts in place of this service; default: nobody. */
  readonly predictor?: Predictor | null;
  /** Of the service itself. */
  readonly version: string;
}

/** Longest that a client may take to send its headers. */
const HEADERS_TIMEOUT_MS = 15_000;

/** How often, at least, Node looks for requests that take too long. */
const CHECK_INTERVAL_MS = 5_000;

/** What a point of the rate limit buys of the cost of a GraphQL operation: an explanation. */
const COST_PER_POINT = 10;

/** How long running requests may go on when the app closes. */
const DRAIN_MS = 7_000;

/** What a JSON body may hold beside the base64 of an upload. */
const JSON_SLACK_BYTES = 64 * 1024;

/** A layer's name in a path: importers take up to 256 characters, and percent-encoding makes three of one. */
const MAX_PARAM_LENGTH = 768;

/** Builds the app; `listen` and `close` are the caller's. */
export async function buildApp(dependencies: AppDependencies): Promise<FastifyInstance> {
  const { config, logger, service, registry, jobs, files, reloadModels, predictor = null, version } = dependencies;
  const { keys = new Keys() } = dependencies;
  const { REQUEST_TIMEOUT_MS: requestMs } = config;
  const uploads = new Uploads(files);
  const links = new PictureLinks(files, dependencies.secret);
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => uuidV7(),
    requestIdHeader: false,
    trustProxy: trustedProxies(config.TRUST_PROXY),
    bodyLimit: Math.ceil((config.MAX_UPLOAD_BYTES * 4) / 3) + JSON_SLACK_BYTES,
    requestTimeout: requestMs,
    forceCloseConnections: true,
    return503OnClosing: false,
    // A silent connection is one that waits for its answer, too.
    connectionTimeout: Math.max(config.EXPLAIN_TIMEOUT_MS, MAX_WAIT_S * 1000) + requestMs,
    http: {
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestMs),
      connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, requestMs / 4),
      maxHeaderSize: MAX_HEADER_BYTES,
      // Node's own refusal is no problem document; `requireHost` makes one.
      requireHostHeader: false,
    },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => sendProblem(failureOf(error), request, reply),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
  });
  await acceptWebSockets(app);
  ignoreExpectations(app.server);
  logRequests(app);
  const streams = new OpenStreams();
  // Before the drain, which waits for them.
  const stopping = new AbortController();
  app.addHook('preClose', async () => {
    streams.close();
    stopping.abort();
  });
  requireHost(app);
  drainOnClose(app, DRAIN_MS);
  answerProblems(app);
  await guard(app, keys, config);
  readJsonBodies(app);
  await documentRoutes(app, version);
  const services = { service, registry, jobs, uploads, links, config };
  await app.register(rest, { ...services, streams, reloadModels, predictor, version });
  await app.register(graphql, {
    ...services,
    failureOf: problemFacts,
    clientSignal,
    stopping: stopping.signal,
    principalOf: socketPrincipal(keys),
    charge: chargeOperation,
    chargeRows,
  });
  await app.ready();
  return app;
}

/** Who may do what, how much of it, and how fast; the order counts. */
async function guard(app: FastifyInstance, keys: Keys, config: AppDependencies['config']): Promise<void> {
  const { CORS_ORIGINS: origins = [], ALLOWED_HOSTS: hosts } = config;
  limitConnections(app.server, config.MAX_CONNECTIONS);
  cutSlowReaders(app, config.RESPONSE_TIMEOUT_MS);
  identifyPrincipals(app, keys);
  await secureHeaders(app, { keys, crossOrigin: origins.length > 0 });
  await allowOrigins(app, origins);
  limitMisses(app, config.MISS_LIMIT);
  limitRequests(app);
  keepOutWebPages(app, keys, { hosts, origins });
  requireKeys(app, keys);
  limitRates(app, config.RATE_LIMIT);
}

/** The request itself has paid for the first point. */
async function chargeOperation(request: FastifyRequest, _principal: unknown, cost: number): Promise<void> {
  await charge(request, Math.max(0, Math.floor(cost / COST_PER_POINT) - 1));
}

/** What any protocol can tell of an error. */
function problemFacts(error: unknown) {
  const failure = failureOf(error);
  return { ...failure, ...PROBLEMS[failure.code] };
}

/** A number is that of the proxies in front of the service. */
function trustedProxies(trusted: Config['TRUST_PROXY']) {
  return typeof trusted === 'number' ? (_address: string, hop: number) => hop < trusted : trusted;
}
