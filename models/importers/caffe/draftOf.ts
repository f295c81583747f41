import { NETWORK_INPUT } from '../../network.ts';
import type { Shape } from '../../tensors/tensor.ts';
import { type Draft, DraftBuilder } from '../canonical/draft.ts';
import { FaultList, ImportFault, importError, quoted } from '../faults.ts';
import { CONVOLUTION_READERS } from './convolution.ts';
import { ELEMENTWISE_READERS } from './elementwise.ts';
import { LOSS_READERS, MEASURING, SOFTMAX_READERS } from './ends.ts';
import { INNER_PRODUCT_READERS } from './innerProduct.ts';
import { checkDeclared, declaredShape, INPUT_TYPES, isFeeding, isLabel } from './inputs.ts';
import { MERGING_READERS } from './merging.ts';
import type { CaffeLayer, CaffeNet } from './net.ts';
import { NORMALISATION_READERS } from './normalisation.ts';
import type { ParameterSource } from './parameters.ts';
import { POOLING_READERS } from './pooling.ts';
import type { Building, LayerReader } from './reader.ts';
import { SHAPING_READERS } from './shaping.ts';
import { type Blob, computedBottoms, goalOf, neededFor, type WiredLayer, wired } from './wiring.ts';

const READERS: Readonly<Record<string, LayerReader>> = {
  ...CONVOLUTION_READERS,
  ...POOLING_READERS,
  ...INNER_PRODUCT_READERS,
  ...ELEMENTWISE_READERS,
  ...NORMALISATION_READERS,
  ...MERGING_READERS,
  ...SHAPING_READERS,
  ...SOFTMAX_READERS,
  ...LOSS_READERS,
};

/** The layers of Caffe that this importer reads, by their types; those that only measure are left out. */
export const CAFFE_LAYERS: readonly string[] = [...INPUT_TYPES, ...Object.keys(READERS), ...MEASURING];

/** A net as a draft, and the draft's name of the layer that the manifest asks for. */
export interface DraftedNet {
  readonly draft: Draft;
  readonly explained: string | null;
}

/**
 * Builds the part of a net that its output depends on. What lies beside that way (other heads, measures) is not looked at.
 * @param output the layer, or blob, that the manifest names
 * @throws ElucidError `model-failed`, naming every layer that cannot be built
 */
export function draftOf(
  net: CaffeNet,
  parameters: ParameterSource,
  inputShape: Shape,
  output: string | null,
): DraftedNet {
  const layers = wired(net);
  const { end, explained } = goalOf(layers, output);
  const needed = neededFor(layers, end);
  const batch = batchOf(layers, needed, inputShape);
  const building = { draft: new DraftBuilder(inputShape), parameters, batch };
  const values = build(layers, needed, building);
  const draft = building.draft.finish(indexOf(values, end) ?? NETWORK_INPUT);
  if (explained === null) return { draft, explained: null };
  const layer = draft.layers[indexOf(values, explained) ?? NETWORK_INPUT];
  if (layer === undefined) throw importError(`output.layer ${quoted(output ?? '')} is the net's input`);
  return { draft, explained: layer.name };
}

/** Checks the one input against the manifest; the batch that is declared for it, or null. @throws ElucidError */
function batchOf(layers: readonly WiredLayer[], needed: readonly number[], inputShape: Shape): number | null {
  const read = needed.flatMap((index) => {
    const layer = layers[index];
    return layer === undefined ? [] : computedBottoms(layer);
  });
  const inputs = new Map<string, { readonly feeding: CaffeLayer; readonly top: number }>();
  for (const { layer: index, top } of read) {
    const feeding = layers[index]?.layer;
    if (feeding === undefined || !isFeeding(feeding) || isLabel(feeding, top)) continue;
    inputs.set(feeding.tops[top] ?? feeding.name, { feeding, top });
  }
  const [only, ...others] = inputs;
  if (only === undefined) throw importError('the output of the net depends on no input');
  if (others.length > 0) {
    const names = [...inputs.keys()].slice(0, 10).map(quoted);
    throw importError(`the net has ${inputs.size} inputs (${names.join(', ')}); only one is supported`);
  }
  const [blob, { feeding, top }] = only;
  const shape = declaredShape(feeding, top);
  checkDeclared(blob, shape, inputShape);
  return shape?.[0] ?? null;
}

type Values = ReadonlyMap<number, readonly number[]>;

function indexOf(values: Values, blob: Blob): number | undefined {
  return values.get(blob.layer)?.[blob.top];
}

/** The tops of all needed layers; what cannot be built is collected, and hides what only fails because of it. */
function build(layers: readonly WiredLayer[], needed: readonly number[], building: Building): Values {
  const faults = new FaultList();
  const values = new Map<number, readonly number[]>();
  for (const index of needed) {
    const wiredLayer = layers[index];
    if (wiredLayer === undefined) continue;
    const { layer } = wiredLayer;
    try {
      const tops = isFeeding(layer)
        ? layer.tops.map(() => NETWORK_INPUT)
        : buildLayer(layers, wiredLayer, values, building);
      if (tops !== null) values.set(index, tops);
    } catch (error) {
      if (!(error instanceof ImportFault)) throw error;
      faults.add(layer.name, layer.type, error.message);
    }
  }
  faults.throwIfAny();
  return values;
}

/** Null when something that the layer reads could not be built. */
function buildLayer(
  layers: readonly WiredLayer[],
  wiredLayer: WiredLayer,
  values: Values,
  building: Building,
): readonly number[] | null {
  const { layer } = wiredLayer;
  const bottoms = computedBottoms(wiredLayer);
  const construct = readerOf(layer.type)(layer);
  for (const [place, { layer: source, top }] of bottoms.entries()) {
    const writer = layers[source]?.layer;
    if (writer !== undefined && isLabel(writer, top)) {
      throw new ImportFault(`reads ${quoted(layer.bottoms[place] ?? '')}, the labels of ${quoted(writer.name)}`);
    }
    const written = values.get(source);
    if (written !== undefined && written[top] === undefined) {
      throw new ImportFault(
        `reads ${quoted(layer.bottoms[place] ?? '')}, top ${top} of a layer of which only ${written.length} are supported`,
      );
    }
  }
  const inputs = bottoms.map((blob) => indexOf(values, blob)).filter((value) => value !== undefined);
  return inputs.length < bottoms.length ? null : construct(inputs, building);
}

function readerOf(type: string): LayerReader {
  const found = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (found !== undefined) return found;
  throw new ImportFault(
    MEASURING.has(type)
      ? 'is only supported at the end, where it is left out'
      : 'layers of this type are not supported',
  );
}
