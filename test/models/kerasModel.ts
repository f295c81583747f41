import type { ImportedOutput, ImportSource, SourceFile } from '../../models/importers/importer.ts';
import { type Shape, sizeOf } from '../../models/tensors/tensor.ts';

/** A parameter of a layer, in Keras' layout. */
export interface KerasWeight {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** A layer of a model made by hand. `inbound` is left out in a Sequential model. */
export interface KerasSpec {
  readonly className: string;
  readonly name: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly weights?: Readonly<Record<string, KerasWeight>>;
  readonly inbound?: readonly string[];
}

/** A model as Keras has it; the first layer of both kinds declares the input. */
export interface KerasModel {
  readonly kind: 'Sequential' | 'Functional';
  /** Without the batch, in Keras' order. */
  readonly inputShape: Shape;
  readonly layers: readonly KerasSpec[];
  /** Of a functional model; the last layer if it is left out. */
  readonly outputs?: readonly string[];
}

/** The content of model.json. */
export function modelJson(model: KerasModel, paths: readonly string[] = ['weights.bin']): Record<string, unknown> {
  const layers = model.layers.map((layer, index) => ({
    class_name: layer.className,
    name: layer.name,
    config: {
      name: layer.name,
      ...(index === 0 ? { batch_input_shape: [null, ...model.inputShape] } : {}),
      ...layer.config,
    },
    ...(model.kind === 'Functional' ? { inbound_nodes: inboundNodes(layer.inbound ?? []) } : {}),
  }));
  const outputs = model.outputs ?? [model.layers.at(-1)?.name ?? ''];
  const functional = {
    name: 'model',
    layers,
    input_layers: [[model.layers[0]?.name, 0, 0]],
    output_layers: outputs.map((name) => [name, 0, 0]),
  };
  const config = model.kind === 'Sequential' ? { name: 'model', layers } : functional;
  return {
    format: 'layers-model',
    generatedBy: 'a test',
    convertedBy: null,
    modelTopology: { class_name: model.kind, config, keras_version: '2.15.0', backend: 'tensorflow' },
    weightsManifest: [
      { paths, weights: allWeights(model).map(({ name, shape }) => ({ name, shape, dtype: 'float32' })) },
    ],
  };
}

function inboundNodes(inbound: readonly string[]): unknown[] {
  return inbound.length === 0 ? [] : [inbound.map((name) => [name, 0, 0, {}])];
}

/** The content of the weights file. */
export function weightBytes(model: KerasModel): Uint8Array {
  const weights = allWeights(model);
  const all = new Float32Array(weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  let begin = 0;
  for (const { data } of weights) {
    all.set(data, begin);
    begin += data.length;
  }
  return new Uint8Array(all.buffer);
}

function allWeights(model: KerasModel): (KerasWeight & { name: string })[] {
  return model.layers.flatMap((layer) =>
    Object.entries(layer.weights ?? {}).map(([name, weight]) => ({ ...weight, name: `${layer.name}/${name}` })),
  );
}

/** What an importer reads, from files in memory. */
export function sourceOf(
  json: unknown,
  shards: Readonly<Record<string, Uint8Array>>,
  inputShape: Shape,
  output: ImportedOutput = { kind: 'classification', layer: null },
): ImportSource {
  return {
    definition: memoryFile('model.json', new TextEncoder().encode(JSON.stringify(json))),
    weights: Object.entries(shards).map(([name, bytes]) => memoryFile(name, bytes)),
    inputShape,
    output,
  };
}

/** A file that lies in memory. */
export function memoryFile(name: string, content: Uint8Array): SourceFile {
  return { name, bytes: content.byteLength, read: async () => content };
}
