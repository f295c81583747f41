import { NETWORK_INPUT, type OutputFunction } from '../../network.ts';
import { sizeOf } from '../../tensors/tensor.ts';
import { importError, quoted } from '../faults.ts';
import type { ImportedOutput } from '../importer.ts';
import { consumersOf, type Draft, type DraftLayer } from './draft.ts';

/** A draft whose output is the vector of explained scores, and what was stripped behind them. */
export interface ScoredDraft {
  readonly draft: Draft;
  readonly outputFunction: OutputFunction;
}

/**
 * Finds the scores: the named layer or the last, without a final softmax, log-softmax or (of a classification) sigmoid.
 * Scores of shape [K, 1, 1] are flattened, and so is whatever a regression computes: the picture of a generator is a
 * vector of its pixels, in the order of its shape.
 * @throws ElucidError `model-failed`
 */
export function findScores(draft: Draft, output: ImportedOutput): ScoredDraft {
  const named = output.layer === null ? draft.output : indexOf(draft, output.layer);
  const stripped = strippedFunction(draft.layers[named], output);
  const source = draft.layers[named]?.inputs[0] ?? NETWORK_INPUT;
  const scores = stripped === 'none' ? named : source;
  const layer = draft.layers[scores];
  if (layer === undefined) throw importError('the network has no layer that computes its output');
  if (layer.type === 'probability') throw importError(`${quoted(layer.name)} is a softmax that ends in another one`);
  const outputFunction = stripped === 'none' ? functionBehind(draft, named, output) : stripped;
  return { draft: asVector({ ...draft, output: scores }, layer, output), outputFunction };
}

function indexOf(draft: Draft, name: string): number {
  const index = draft.layers.findIndex((layer) => layer.name === name);
  if (index >= 0) return index;
  const names = draft.layers.slice(-20).map((layer) => quoted(layer.name));
  throw importError(`output.layer ${quoted(name)} is no layer of the network; its last ones are ${names.join(', ')}`);
}

/** The function that a layer is, if it is one that is stripped at the output. */
function strippedFunction(layer: DraftLayer | undefined, { kind }: ImportedOutput): OutputFunction {
  if (layer?.type === 'probability') {
    if (kind === 'regression') throw importError(`${quoted(layer.name)}: a regression cannot end in a softmax`);
    return layer.function;
  }
  const isSigmoid = layer?.type === 'activation' && layer.function.name === 'sigmoid';
  return isSigmoid && kind === 'classification' ? 'sigmoid' : 'none';
}

/** The function that the model applies, as its last step, to scores that the manifest names. */
function functionBehind(draft: Draft, scores: number, output: ImportedOutput): OutputFunction {
  const [only, ...others] = consumersOf(draft)[scores] ?? [];
  if (only === undefined || others.length > 0 || only !== draft.output) return 'none';
  return strippedFunction(draft.layers[only], output);
}

function asVector(draft: Draft, layer: DraftLayer, { kind }: ImportedOutput): Draft {
  if (layer.shape.length === 1) return draft;
  const size = sizeOf(layer.shape);
  if (kind === 'classification' && size !== Math.max(...layer.shape)) {
    const shape = layer.shape.join(', ');
    throw importError(
      `the output ${quoted(layer.name)} has the shape [${shape}]; it must be a vector (or a regression)`,
    );
  }
  const flat: DraftLayer = { type: 'reshape', name: `${layer.name}/flatten`, inputs: [draft.output], shape: [size] };
  return { ...draft, layers: [...draft.layers, flat], output: draft.layers.length };
}
