import { canonicalise } from '../canonical/canonicalise.ts';
import { DraftBuilder } from '../canonical/draft.ts';
import { importError, quoted } from '../faults.ts';
import type { Importer } from '../importer.ts';
import { GraphImport } from './build.ts';
import { ExternalData } from './externalData.ts';
import { graphOf } from './graph.ts';
import { declaredInput, inputValue } from './input.ts';
import { Layers } from './layers.ts';
import { neededNodes, producersOf } from './order.ts';
import { decodeModel } from './proto.ts';
import { targetOf } from './target.ts';

/** Values that the parameters of the layers may have in any model, and for each byte of its files. */
const FREE_PARAMETERS = 2 ** 24;
const PARAMETERS_PER_BYTE = 2;

/**
 * Reads an ONNX model of operator set 7 to 21: one graph with one input, weights inside or in data files beside it. The
 * first of the weights is the .onnx file. A batch that the file fixes becomes free; arithmetic of constants and shapes is
 * done at import.
 */
export const importOnnx: Importer = async ({ weights: files, inputShape, output }) => {
  if ('random' in files) throw importError('the format onnx needs a file of weights');
  const [file, ...others] = files;
  if (file === undefined) throw importError('the format onnx needs a file of weights');
  const graph = graphOf(decodeModel(file.name, await file.read()));
  const target = targetOf(graph, output.layer);
  const nodes = neededNodes([target.end], producersOf(graph));
  const external = await ExternalData.read(file, others, [
    ...graph.initializers.values(),
    ...nodes.flatMap(({ attributes }) => attributes.flatMap(({ t }) => (t ? [t] : []))),
  ]);
  const size = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const layers = new Layers(new DraftBuilder(inputShape), FREE_PARAMETERS + PARAMETERS_PER_BYTE * size);
  const declared = declaredInput(graph.input);
  const input = inputValue(declared, inputShape, layers);
  const batch = declared.shape?.[0] ?? null;
  const building = { layers, batch: batch ?? 1, freeBatch: batch === null, external };
  const graphImport = new GraphImport(graph, building, size);
  graphImport.build(nodes, { name: declared.name, value: input }, target.end);
  const draft = layers.finish(graphImport.computed(target.end).index);
  const scores = draft.layers[graphImport.computed(target.scores).index]?.name;
  if (scores === undefined) throw importError(`the output ${quoted(target.scores)} is the input itself`);
  return canonicalise(draft, { ...output, layer: output.layer === null ? null : scores });
};
