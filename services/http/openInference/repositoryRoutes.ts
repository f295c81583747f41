import type { z } from 'zod';
import type { RegistryEntry } from '../../../models/registry/registeredModel.ts';
import { parseOrRefuse } from '../../../schemas/faults.ts';
import {
  loadedSchema,
  repositoryIndexRequestSchema,
  repositoryIndexSchema,
  repositoryLoadSchema,
  repositoryUnloadSchema,
  unloadedSchema,
} from '../../../schemas/openInference.ts';
import type { HttpContext } from '../context.ts';
import { json, problems } from '../openapi/responses.ts';
import { OPTIONAL_BODY } from '../openapi/transform.ts';
import type { ZodApp } from '../plugins/validation.ts';
import { parseJsonBytes, rawBody } from '../serving/rawBodies.ts';
import { servedParamsSchema, TAGS } from './places.ts';

type IndexEntry = z.output<typeof repositoryIndexSchema>[number];

const ADMINISTRATION = 'For administrators, as POST /admin/models/reload.';
const FAULTS = problems(400, 403, 404, 405, 408, 413, 422, 500, 503);

/** The model repository extension: POST /v2/repository/index, and load and unload of a model. */
export function repositoryRoutes(app: ZodApp, context: HttpContext): void {
  const { served } = context;
  app.route({
    config: { admin: true },
    method: 'POST',
    url: '/v2/repository/index',
    schema: {
      operationId: 'v2RepositoryIndex',
      tags: TAGS,
      summary: 'Open Inference Protocol: all models and their states',
      description: ADMINISTRATION,
      [OPTIONAL_BODY]: true,
      body: content(repositoryIndexRequestSchema),
      response: { 200: json('All models', repositoryIndexSchema), ...FAULTS },
    },
    handler: async ({ body }) => {
      const { ready } = readBody(repositoryIndexRequestSchema, body);
      const entries = served.list().map((entry) => indexEntry(entry, context));
      return ready ? entries.filter(({ state }) => state === 'READY') : entries;
    },
  });
  app.route({
    config: { admin: true },
    method: 'POST',
    url: '/v2/repository/models/:name/load',
    schema: {
      operationId: 'v2RepositoryLoad',
      tags: TAGS,
      summary: 'Open Inference Protocol: read the folders of models again, and load one',
      description: ADMINISTRATION,
      [OPTIONAL_BODY]: true,
      params: servedParamsSchema,
      body: content(repositoryLoadSchema),
      response: { 200: json('It is loaded', loadedSchema), ...FAULTS },
    },
    handler: async ({ params: { name }, body }) => {
      readBody(repositoryLoadSchema, body);
      await served.load(name);
      return { name, load: true as const };
    },
  });
  app.route({
    config: { admin: true },
    method: 'POST',
    url: '/v2/repository/models/:name/unload',
    schema: {
      operationId: 'v2RepositoryUnload',
      tags: TAGS,
      summary:
        'Open Inference Protocol: unload a model, which then takes no requests by this protocol until it is loaded',
      description: ADMINISTRATION,
      [OPTIONAL_BODY]: true,
      params: servedParamsSchema,
      body: content(repositoryUnloadSchema),
      response: { 200: json('It is unloaded', unloadedSchema), ...FAULTS },
    },
    handler: async ({ params: { name }, body }) => {
      readBody(repositoryUnloadSchema, body);
      served.unload(name);
      return { name, unload: true as const };
    },
  });
}

function content(schema: z.ZodType) {
  return { content: { 'application/json': { schema } } };
}

/** A body may be left out. @throws ElucidError `bad-body`, `invalid` */
function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const bytes = rawBody(body);
  return parseOrRefuse(schema, bytes.length === 0 ? {} : parseJsonBytes(bytes));
}

function indexEntry(entry: RegistryEntry, { service, served }: HttpContext): IndexEntry {
  if (entry.state === 'failed') {
    const { name, version, reason } = entry;
    return { name, ...(version === null ? {} : { version }), state: 'UNAVAILABLE', reason };
  }
  const { name, version } = entry.model.manifest;
  const state = service.stateOf(entry.model);
  if (served.isUnloaded(name)) return { name, version, state: 'UNAVAILABLE', reason: 'unloaded' };
  switch (state.state) {
    case 'ready':
      return { name, version, state: 'READY', reason: '' };
    case 'loading':
      return { name, version, state: 'LOADING', reason: '' };
    case 'idle':
      return { name, version, state: 'UNAVAILABLE', reason: 'the first request loads it' };
    case 'failed':
      return { name, version, state: 'UNAVAILABLE', reason: state.reason };
  }
}
