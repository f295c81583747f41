import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { RegistryChanges } from '../models/registry/liveRegistry.ts';
import type { Registry } from '../models/registry/registry.ts';
import type { ExplanationService } from './compute/explanation.ts';
import type { Config } from './config.ts';
import { OpenStreams } from './http/jobs/openStreams.ts';
import { MAX_WAIT_S } from './http/jobs/submit.ts';
import type { Predictor } from './http/kserve/predictor.ts';
import { answerClientError, ignoreExpectations, requireHost } from './http/plugins/clientErrors.ts';
import { drainOnClose } from './http/plugins/drain.ts';
import { documentRoutes } from './http/plugins/openapi.ts';
import { identifyPrincipals } from './http/plugins/principal.ts';
import { answerProblems, sendProblem } from './http/plugins/problems.ts';
import { logRequests } from './http/plugins/requestLog.ts';
import { failureOf } from './http/problem.ts';
import { uuidV7 } from './http/requestId.ts';
import { rest } from './http/rest.ts';
import type { Jobs } from './jobs/jobs.ts';

/** All that the app is made of; it reads no environment and starts nothing. */
export interface AppDependencies {
  readonly config: Pick<Config, 'MAX_UPLOAD_BYTES' | 'MAX_RUNS' | 'EXPLAIN_TIMEOUT_MS' | 'TRUST_PROXY'>;
  readonly logger: FastifyBaseLogger;
  readonly service: ExplanationService;
  readonly registry: Registry;
  readonly jobs: Jobs;
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
  const { config, logger, service, registry, jobs, reloadModels, predictor = null, version } = dependencies;
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
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      // Node's own refusal is no problem document; `requireHost` makes one.
      requireHostHeader: false,
    },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => sendProblem(failureOf(error), request, reply),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
  });
  ignoreExpectations(app.server);
  logRequests(app);
  const streams = new OpenStreams();
  // Before the drain, which waits for them.
  app.addHook('preClose', async () => streams.close());
  requireHost(app);
  drainOnClose(app, DRAIN_MS);
  answerProblems(app);
  identifyPrincipals(app);
  await documentRoutes(app, version);
  await app.register(rest, { service, registry, jobs, streams, reloadModels, predictor, version, config });
  await app.ready();
  return app;
}

/** A number is that of the proxies in front of the service. */
function trustedProxies(trusted: Config['TRUST_PROXY']) {
  return typeof trusted === 'number' ? (_address: string, hop: number) => hop < trusted : trusted;
}
