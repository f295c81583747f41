import type { z } from 'zod';
import type { RegisteredModel, RegistryEntry } from '../../../models/registry/registeredModel.ts';
import type { Registry } from '../../../models/registry/registry.ts';
import { ElucidError } from '../../../schemas/errors.ts';
import { modelDetailSchema, modelListSchema, modelParamsSchema, modelQuerySchema } from '../../../schemas/models.ts';
import type { ExplanationService, ModelDescription } from '../../compute/explanation.ts';
import type { HttpContext } from '../context.ts';
import { json, problems } from '../openapi/responses.ts';
import type { ZodApp } from '../plugins/validation.ts';

type ModelDetail = z.output<typeof modelDetailSchema>;
type ModelSummary = z.output<typeof modelListSchema>['models'][number];

const UNDESCRIBED = { layers: [], methods: [], composites: [] };

/** GET /models and /models/{name}. */
export function modelRoutes(app: ZodApp, { service, registry }: HttpContext): void {
  app.route({
    method: 'GET',
    url: '/models',
    schema: {
      operationId: 'listModels',
      tags: ['models'],
      summary: 'All models',
      response: {
        200: json('All models, by name, then highest version first', modelListSchema),
        ...problems(405, 500),
      },
    },
    handler: async () => ({ models: registry.list().map(summary) }),
  });
  app.route({
    method: 'GET',
    url: '/models/:name',
    schema: {
      operationId: 'describeModel',
      tags: ['models'],
      summary: 'One model: its manifest, layers, and the methods that apply',
      description: 'Loads the model if that has not happened yet.',
      params: modelParamsSchema,
      querystring: modelQuerySchema,
      response: { 200: json('The model', modelDetailSchema), ...problems(404, 405, 422, 500, 503) },
    },
    handler: async ({ params: { name }, query: { version } }) => detail(service, registry, name, version),
  });
}

function summary(entry: RegistryEntry): ModelSummary {
  if (entry.state === 'failed') {
    const { name, version, reason } = entry;
    const unknown = { title: null, format: null, input: null, outputs: null, metrics: null };
    return { name, version, state: 'failed', reason, ...unknown };
  }
  const { manifest, labels } = entry.model;
  const { name, version, title, format, input, output, metrics } = manifest;
  return {
    name,
    version,
    title: title ?? null,
    state: 'registered',
    reason: null,
    format,
    input: { kind: input.kind, shape: [...input.shape] },
    outputs: { kind: output.kind, labels: labels?.length ?? null },
    metrics: metrics ?? null,
  };
}

async function detail(
  service: ExplanationService,
  registry: Registry,
  name: string,
  version: string | undefined,
): Promise<ModelDetail> {
  const versions = registry.list().flatMap((entry) => versionOf(entry, name));
  const failed = registry
    .list()
    .find((entry) => entry.state === 'failed' && entry.name === name && (version ?? entry.version) === entry.version);
  if (
    failed?.state === 'failed' &&
    (version !== undefined || versions[0] === failed.version || versions.length === 0)
  ) {
    const { version: its, reason } = failed;
    return { name, version: its, versions, state: 'failed', reason, sha256: null, manifest: null, ...UNDESCRIBED };
  }
  const model = registry.get(name, version);
  const description = await describe(service, model);
  return {
    name,
    version: model.manifest.version,
    versions,
    state: description.state,
    reason: description.reason,
    sha256: model.sha256,
    manifest: model.manifest,
    layers: description.layers.map((layer) => ({ ...layer, output_shape: [...layer.output_shape] })),
    methods: [...description.methods],
    composites: [...description.composites],
  };
}

function versionOf(entry: RegistryEntry, name: string): string[] {
  if (entry.state === 'registered') return entry.model.manifest.name === name ? [entry.model.manifest.version] : [];
  return entry.name === name && entry.version !== null ? [entry.version] : [];
}

/** A model whose files turn out to be unusable is described as failed. */
async function describe(service: ExplanationService, { manifest }: RegisteredModel): Promise<ModelDescription> {
  try {
    return await service.describe(manifest.name, manifest.version);
  } catch (error) {
    if (!(error instanceof ElucidError) || error.code !== 'model-failed') throw error;
    return { state: 'failed', reason: error.message, ...UNDESCRIBED };
  }
}
