import type { z } from 'zod';
import type { RegisteredModel, RegistryEntry } from '../../models/registry/registeredModel.ts';
import type { Registry } from '../../models/registry/registry.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { COMPANIONS } from '../../schemas/manifest.ts';
import type { modelDetailSchema, modelSummarySchema } from '../../schemas/models.ts';
import type { ExplanationService } from '../compute/explanation.ts';
import { describeVariants } from '../compute/prototype/variants.ts';

export type ModelDetail = z.output<typeof modelDetailSchema>;
export type ModelSummary = z.output<typeof modelSummarySchema>;

/** What is known of the inside of a model that cannot be loaded. */
const NOTHING = { layers: [], methods: [], composites: [], variants: [] };

/** One line of the list of models: loads nothing. */
export function modelSummary(entry: RegistryEntry, service: ExplanationService): ModelSummary {
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

/**
 * All of one model; loads it and its companions if that has not happened yet.
 * @throws ElucidError `unknown-model`
 */
export async function modelDetail(
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
