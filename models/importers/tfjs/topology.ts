import { z } from 'zod';
import { MAX_LAYERS } from '../canonical/draft.ts';
import { importError, quoted } from '../faults.ts';
import { type Inbound, name, readInbound, referencesSchema } from './inbound.ts';

/** One layer of a Keras model, as it stands in model.json. */
export interface KerasLayer extends Inbound {
  readonly name: string;
  readonly className: string;
  /** Read by the layer's own reader. */
  readonly config: unknown;
}

export interface KerasTopology {
  /** In the order of the file. */
  readonly layers: readonly KerasLayer[];
  readonly outputs: readonly string[];
}

const layerSchema = z.object({
  class_name: z.string().max(256),
  name: name.optional(),
  config: z.looseObject({ name: name.optional() }),
  inbound_nodes: z.array(z.unknown()).optional(),
});
const layersSchema = z.array(layerSchema).min(1).max(MAX_LAYERS);
const sequentialSchema = z.union([layersSchema, z.object({ layers: layersSchema }).transform(({ layers }) => layers)]);
/** One output, a list of them, or (in Keras 3) outputs by name. */
const outputsSchema = z.union([
  referencesSchema,
  z.record(z.string(), referencesSchema).transform((byName) => Object.values(byName).flat()),
]);
const functionalSchema = z.object({ layers: layersSchema, output_layers: outputsSchema });
const modelSchema = z.object({ class_name: z.string(), config: z.unknown() });

type LayerSpec = z.output<typeof layerSchema>;

const READERS: Readonly<Record<string, (config: unknown) => KerasTopology>> = {
  Sequential: readSequential,
  Model: readFunctional,
  Functional: readFunctional,
};

/**
 * Reads `modelTopology` of a Layers model.json: Sequential and functional models of Keras 2 and 3.
 * @throws ElucidError `model-failed`
 */
export function readTopology(topology: unknown): KerasTopology {
  const wrapped = z.object({ model_config: z.unknown() }).safeParse(topology);
  const config = wrapped.success && wrapped.data.model_config !== undefined ? wrapped.data.model_config : topology;
  const model = parsed(modelSchema, config, 'modelTopology');
  const read = Object.hasOwn(READERS, model.class_name) ? READERS[model.class_name] : undefined;
  if (read === undefined) {
    throw importError(`model.json holds a ${quoted(model.class_name)}; allowed are Sequential, Model and Functional`);
  }
  return checkedNames(read(model.config));
}

function readSequential(config: unknown): KerasTopology {
  let previous: readonly string[] = [];
  const layers = parsed(sequentialSchema, config, 'the Sequential model').map((spec, index) => {
    const layer = { ...described(spec, index), inbound: previous, fault: null };
    previous = [layer.name];
    return layer;
  });
  return { layers, outputs: previous };
}

function readFunctional(config: unknown): KerasTopology {
  const model = parsed(functionalSchema, config, 'the functional model');
  return {
    layers: model.layers.map((spec, index) => ({
      ...described(spec, index),
      ...readInbound(spec.inbound_nodes ?? []),
    })),
    outputs: model.output_layers.map(([layer]) => layer),
  };
}

function described(spec: LayerSpec, index: number): Pick<KerasLayer, 'name' | 'className' | 'config'> {
  return {
    name: spec.name ?? spec.config.name ?? `${spec.class_name.toLowerCase()}_${index}`,
    className: spec.class_name,
    config: spec.config,
  };
}

function checkedNames(topology: KerasTopology): KerasTopology {
  const names = new Set<string>();
  for (const layer of topology.layers) {
    if (names.has(layer.name)) throw importError(`two layers are named ${quoted(layer.name)}`);
    names.add(layer.name);
  }
  return topology;
}

/** A value checked by a schema. @throws ElucidError `model-failed` naming the first fault. */
export function parsed<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw importError(`${what} cannot be read: ${firstIssue(result.error)}`);
}

/** The first fault that a schema found, with its place. */
export function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'it is malformed';
  return issue.path.length === 0 ? issue.message : `${quoted(issue.path.join('.'))}: ${issue.message}`;
}
