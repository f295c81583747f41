import type { z } from 'zod';
import type { RegisteredModel, RegistryEntry } from '../../../models/registry/registeredModel.ts';
import type { Registry } from '../../../models/registry/registry.ts';
import { ElucidError } from '../../../schemas/errors.ts';
import { COMPANIONS } from '../../../schemas/manifest.ts';
import { modelDetailSchema, modelListSchema, modelParamsSchema, modelQuerySchema } from '../../../schemas/models.ts';
import type { ExplanationService } from '../../compute/explanation.ts';
import { describeVariants } from '../../compute/prototype/variants.ts';
import type { HttpContext } from '../context.ts';
import { json, problems } from '../openapi/responses.ts';
import type { ZodApp } from '../plugins/validation.ts';

type ModelDetail = z.output<typeof modelDetailSchema>;
type ModelSummary = z.output<typeof modelListSchema>['models'][number];

/** What is known of the inside of a model that cannot be loaded. */
const NOTHING = { layers: [], methods: [], composites: [], variants: [] };

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
    handler: async () => ({ models: registry.list().map((entry) => summary(entry, service)) }),
  });
  app.route({
    method: 'GET',
    url: '/models/:name',
    schema: {
      operationId: 'describeModel',
      tags: ['models'],
      summary: 'One model: its manifest, layers, and the methods and variants that apply',
      description: 'Loads the model and its companions if that has not happened yet.',
      params: modelParamsSchema,
      querystring: modelQuerySchema,
      response: { 200: json('The model', modelDetailSchema), ...problems(404, 405, 422, 500, 503) },
    },
    handler: async ({ params: { name }, query: { version } }) => detail(service, registry, name, version),
  });
}

function summary(entry: RegistryEntry, service: ExplanationService): ModelSummary {
  if (entry.state === 'failed') {
    const { name, version, reason } = entry;
    const unknown = { title: null, format: null, input: null, outputs: null, companions: null, metrics: null };
    return { name, version, state: 'failed', reason, ...unknown };
  }
  const { manifest, labels } = entry.model;
  const { name, version, title, format, input, output, companions, metrics } = manifest;
  const state = service.stateOf(entry.model);
  return {
    name,
    version,
    title: title ?? null,
    state: state.state,
    reason: state.state === 'failed' ? state.reason : null,
    format,
    input: { kind: input.kind, shape: [...input.shape] },
    outputs: { kind: output.kind, labels: labels?.length ?? null },
    companions: COMPANIONS.filter((field) => companions?.[field] !== undefined),
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
  const model = usable(registry, name, version);
  if (model instanceof ElucidError) {
    const its = version ?? versions[0] ?? null;
    return {
      name,
      version: its,
      versions,
      state: 'failed',
      reason: model.message,
      sha256: null,
      manifest: null,
      ...NOTHING,
    };
  }
  const description = await service.describe(model);
  const variants = description.state === 'failed' ? [] : await describeVariants(model, { service, registry });
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
    variants: [...variants],
  };
}

/** The model, or why its folder cannot be used. @throws ElucidError `unknown-model` */
function usable(registry: Registry, name: string, version: string | undefined): RegisteredModel | ElucidError {
  try {
    return registry.get(name, version);
  } catch (error) {
    if (error instanceof ElucidError && error.code === 'model-failed') return error;
    throw error;
  }
}

function versionOf(entry: RegistryEntry, name: string): string[] {
  if (entry.state === 'registered') return entry.model.manifest.name === name ? [entry.model.manifest.version] : [];
  return entry.name === name && entry.version !== null ? [entry.version] : [];
}
