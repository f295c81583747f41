import { canonicalise } from '../canonical/canonicalise.ts';
import { importError, quoted } from '../faults.ts';
import type { Importer, ImportSource, SourceFile } from '../importer.ts';
import { draftOf } from './draftOf.ts';
import { fileParameters, type ParameterSource, randomParameters } from './parameters.ts';
import { readNet } from './prototxt.ts';
import { readWeightsFile } from './weightsFile.ts';

/** A larger prototxt than any we know of (weights are not in it). */
const MAX_DEFINITION_BYTES = 16 * 2 ** 20;

/**
 * Reads a Caffe model: a prototxt of either version, as it is at the phase TEST, and weights from a caffemodel, from
 * HDF5, or at random by one of Caffe's fillers. Caffe's order of axes and weights is ours.
 */
export const importCaffe: Importer = async ({ definition, weights, inputShape, output }) => {
  if (definition === null) throw importError('the format caffe needs a definition (a prototxt)');
  const net = readNet(await readText(definition));
  const { draft, explained } = draftOf(net, await readParameters(weights), inputShape, output.layer);
  return canonicalise(draft, { ...output, layer: explained });
};

async function readText(file: SourceFile): Promise<string> {
  if (file.bytes > MAX_DEFINITION_BYTES) {
    throw importError(`${quoted(file.name)} has ${file.bytes} bytes; at most ${MAX_DEFINITION_BYTES} are read`);
  }
  return new TextDecoder().decode(await file.read());
}

async function readParameters(weights: ImportSource['weights']): Promise<ParameterSource> {
  if ('random' in weights) return randomParameters(weights.random);
  const [file, ...others] = weights;
  if (file === undefined || others.length > 0) {
    throw importError(`the format caffe needs one file of weights, the manifest names ${weights.length}`);
  }
  return fileParameters(await readWeightsFile(await file.read()));
}
