import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { RegistryChanges } from '../models/registry/liveRegistry.ts';
import type { Registry } from '../models/registry/registry.ts';
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
import { answerClientError } from './http/plugins/clientErrors.ts';
import { drainOnClose } from './http/plugins/drain.ts';
import { documentRoutes } from './http/plugins/openapi.ts';
import { identifyPrincipals } from './http/plugins/principal.ts';
import { answerProblems, sendProblem } from './http/plugins/problems.ts';
import { logRequests } from './http/plugins/requestLog.ts';
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
    | 'GRAPHQL_MAX_COST'
    | 'GRAPHQL_INTROSPECTION'
  >;
  readonly logger: FastifyBaseLogger;
  readonly service: ExplanationService;
  readonly registry: Registry;
  readonly jobs: Jobs;
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

/** Longest that a client may take to send its headers, and all of its request. */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 60_000;

/** How often Node looks for connections that are over these times. */
const CHECK_INTERVAL_MS = 5_000;

/** How long running requests may go on when the app closes. */
const DRAIN_MS = 7_000;

/** What a JSON body may hold beside the base64 of an upload. */
const JSON_SLACK_BYTES = 64 * 1024;

/** A layer's name in a path: importers take up to 256 characters, and percent-encoding makes three of one. */
const MAX_PARAM_LENGTH = 768;

/** Builds the app; `listen` and `close` are the caller's. */
export async function buildApp(dependencies: AppDependencies): Promise<FastifyInstance> {
  const { config, logger, service, registry, jobs, files, reloadModels, predictor = null, version } = dependencies;
  const uploads = new Uploads(files);
  const links = new PictureLinks(files, dependencies.secret);
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => uuidV7(),
    requestIdHeader: false,
    trustProxy: trustedProxies(config.TRUST_PROXY),
    bodyLimit: Math.ceil((config.MAX_UPLOAD_BYTES * 4) / 3) + JSON_SLACK_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    return503OnClosing: false,
    // A silent connection is one that waits for its answer, too.
    connectionTimeout: Math.max(config.EXPLAIN_TIMEOUT_MS, MAX_WAIT_S * 1000) + REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: CHECK_INTERVAL_MS },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => sendProblem(failureOf(error), request, reply),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
  });
  await acceptWebSockets(app);
  logRequests(app);
  const streams = new OpenStreams();
  // Before the drain, which waits for them.
  const stopping = new AbortController();
  app.addHook('preClose', async () => {
    streams.close();
    stopping.abort();
  });
  drainOnClose(app, DRAIN_MS);
  answerProblems(app);
  identifyPrincipals(app);
  await documentRoutes(app, version);
  const services = { service, registry, jobs, uploads, links, config };
  await app.register(rest, { ...services, streams, reloadModels, predictor, version });
  await app.register(graphql, { ...services, failureOf: problemFacts, clientSignal, stopping: stopping.signal });
  await app.ready();
  return app;
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
