import { draftOf } from '../../models/importers/caffe/draftOf.ts';
import type { CaffeNet, CaffeWeights } from '../../models/importers/caffe/net.ts';
import { fileParameters } from '../../models/importers/caffe/parameters.ts';
import { canonicalise } from '../../models/importers/canonical/canonicalise.ts';
import type { ImportedOutput } from '../../models/importers/importer.ts';
import type { Network } from '../../models/network.ts';
import type { Shape } from '../../models/tensors/tensor.ts';
import type { NetSketch } from './caffeNets.ts';
import { caffeForward } from './caffeReference.ts';
import { scoresOf } from './forward.ts';
import { largestDifference } from './importedKeras.ts';
import { randomNumbers } from './kerasLayers.ts';
import { at, filled, type Values } from './values.ts';

/** Any shape of output may be explained by this one. */
export const REGRESSION: ImportedOutput = { kind: 'regression', layer: null };

/** The network of a net and its blobs. */
export function importedNet(
  net: CaffeNet,
  weights: CaffeWeights,
  inputShape: Shape,
  output: ImportedOutput = REGRESSION,
): Network {
  const { draft, explained } = draftOf(net, fileParameters(weights), inputShape, output.layer);
  return { id: 'test', ...canonicalise(draft, { ...output, layer: explained }) };
}

/** The network of a sketch. */
export function importedSketch(sketch: NetSketch, output: ImportedOutput = REGRESSION): Network {
  return importedNet(sketch.net(), sketch.weights, sketch.inputShape, output);
}

/**
 * Imports a sketch and expects its output to be what Caffe's layers compute, for three inputs.
 * @param range of the inputs
 */
export function expectAsCaffe(sketch: NetSketch, range: readonly [number, number] = [-1, 1]): Network {
  const network = importedSketch(sketch);
  for (const seed of [1, 2, 3]) {
    const input = randomInput(sketch.inputShape, seed, range);
    const blobs = caffeForward(sketch.net(), sketch.weights, input);
    const layers = sketch.net().layers;
    const last = at(layers, layers.length - 1);
    const expected = blobs.get(at(last.tops, 0));
    if (expected === undefined) throw new RangeError('the reference computed no output');
    expect(expected.data.every(Number.isFinite)).toBe(true);
    const actual = scoresOf(network, input.data);
    expect(actual).toHaveLength(expected.data.length);
    expect(largestDifference(actual, expected.data)).toBeLessThan(1e-5);
  }
  return network;
}

/** Numbers in a range. */
export function randomInput(shape: Shape, seed: number, [low, high]: readonly [number, number]): Values {
  const random = randomNumbers(seed);
  return filled(shape, () => low + (high - low) * random());
}
