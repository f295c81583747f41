import { z } from 'zod';
import type { Shape } from '../../tensors/tensor.ts';
import { canonicalise } from '../canonical/canonicalise.ts';
import { type Draft, DraftBuilder } from '../canonical/draft.ts';
import { FaultList, ImportFault, importError, quoted } from '../faults.ts';
import type { ImportedNetwork, ImportedOutput } from '../importer.ts';
import { orderAbsorption } from './absorption.ts';
import { ACTIVATION_READERS } from './activations.ts';
import { BORDER_READERS } from './borders.ts';
import { CONVOLUTION_READERS } from './convolution.ts';
import { DENSE_READERS } from './dense.ts';
import { declaredInput, inputValue } from './input.ts';
import { MERGING_READERS } from './merging.ts';
import { NORMALISATION_READERS } from './normalisation.ts';
import { topologicalOrder } from './order.ts';
import { POOLING_READERS } from './pooling.ts';
import type { Building, LayerReader } from './reader.ts';
import { SHAPING_READERS } from './shaping.ts';
import { type KerasLayer, type KerasTopology, readTopology } from './topology.ts';
import { TRANSPOSED_READERS } from './transposedConvolution.ts';
import { UPSAMPLING_READERS } from './upsampling.ts';
import type { KerasValue } from './values.ts';
import { renamedWeights } from './weightNames.ts';
import type { LayerWeights } from './weights.ts';

const READERS: Readonly<Record<string, LayerReader>> = {
  ...DENSE_READERS,
  ...CONVOLUTION_READERS,
  ...TRANSPOSED_READERS,
  ...POOLING_READERS,
  ...NORMALISATION_READERS,
  ...ACTIVATION_READERS,
  ...SHAPING_READERS,
  ...BORDER_READERS,
  ...UPSAMPLING_READERS,
  ...MERGING_READERS,
};

/** The layers of Keras that this importer reads, by their class names. */
export const KERAS_LAYERS: readonly string[] = ['InputLayer', ...Object.keys(READERS)];

/** Keras' names of layers that work along the steps of a signal, e.g. Conv1D, Conv1DTranspose, MaxPooling1D. */
const SIGNAL_LAYER = /1D(Transpose)?$/;

/**
 * Reads the topology of a Layers model. Images become [C, H, W],
 * signals ([steps, channels] in Keras) are [C, L] at the input and images [C, 1, L] inside,
 * kernels OIHW, dense weights [out, in] in the order of our flattening; padding is the explicit one that Keras computes.
 * @throws ElucidError `model-failed`
 */
export function layersNetwork(
  modelTopology: unknown,
  weights: LayerWeights,
  inputShape: Shape,
  output: ImportedOutput,
): ImportedNetwork {
  const topology = readTopology(modelTopology);
  const ordered = topologicalOrder(topology);
  const building = {
    draft: new DraftBuilder(inputShape),
    weights: weights.renamedBy((names) => renamedWeights(topology, names)),
    channelsLast: hasChannelsLast(topology),
    signals: topology.layers.some(({ className }) => SIGNAL_LAYER.test(className)),
    absorbsOrder: orderAbsorption(topology),
  };
  return canonicalise(build(ordered, topology, building, output.layer), output);
}

/** All layers into the draft; what cannot be built is collected, and hides what only fails because of it. */
function build(
  layers: readonly KerasLayer[],
  topology: KerasTopology,
  building: Building,
  explained: string | null,
): Draft {
  const faults = new FaultList();
  const values = new Map<string, KerasValue>();
  const entry = entryOf(layers);
  for (const layer of layers) {
    try {
      const value = buildLayer(layer, layer === entry, values, building);
      if (value !== null) values.set(layer.name, value);
    } catch (error) {
      if (!(error instanceof ImportFault)) throw error;
      faults.add(layer.name, layer.className, error.message);
    }
  }
  faults.throwIfAny();
  const [only, ...others] = topology.outputs;
  if (others.length > 0 && explained === null) {
    throw importError(`the model has ${topology.outputs.length} outputs; output.layer of the manifest has to name one`);
  }
  return building.draft.finish(values.get(only ?? '')?.index ?? -1);
}

/** The layer that declares the model's input. @throws ElucidError when there is not exactly one. */
function entryOf(layers: readonly KerasLayer[]): KerasLayer {
  const [entry, ...others] = layers.filter((layer) => layer.inbound.length === 0 && layer.fault === null);
  if (entry === undefined) throw importError('the model has no input layer');
  if (others.length > 0) {
    const names = [entry, ...others].slice(0, 10).map((layer) => quoted(layer.name));
    throw importError(`the model has ${others.length + 1} inputs (${names.join(', ')}); only one is supported`);
  }
  return entry;
}

/** Null when something that the layer reads could not be built. */
function buildLayer(
  layer: KerasLayer,
  isEntry: boolean,
  values: ReadonlyMap<string, KerasValue>,
  building: Building,
): KerasValue | null {
  if (layer.fault !== null) throw new ImportFault(layer.fault);
  const isInput = layer.className === 'InputLayer';
  const construct = isInput ? null : readerOf(layer.className)(layer.name, layer.config);
  if (isEntry) {
    const declared = declaredInput(layer.config);
    if (declared === null) throw new ImportFault('is the first layer and states no input shape (batch_input_shape)');
    const input = inputValue(declared, building);
    return construct === null ? input : construct([input], building);
  }
  if (construct === null) throw new ImportFault('an input layer reads no other layer');
  const inputs = layer.inbound.map((name) => values.get(name)).filter((value) => value !== undefined);
  return inputs.length < layer.inbound.length ? null : construct(inputs, building);
}

function readerOf(className: string): LayerReader {
  const found = Object.hasOwn(READERS, className) ? READERS[className] : undefined;
  if (found === undefined) throw new ImportFault('layers of this type are not supported');
  return found;
}

const formatSchema = z.object({ data_format: z.enum(['channels_first', 'channels_last']) });

/** Whether images are [H, W, C]. @throws ElucidError when the layers disagree. */
function hasChannelsLast({ layers }: KerasTopology): boolean {
  const formats = new Set<string>();
  for (const { className, config } of layers) {
    const format = formatSchema.safeParse(config);
    if (format.success && className !== 'Flatten') formats.add(format.data.data_format);
  }
  if (formats.size > 1) throw importError('some layers have the data_format channels_first, others channels_last');
  return !formats.has('channels_first');
}
