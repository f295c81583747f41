import type { Shape } from '../../../tensors/tensor.ts';
import { canonicalise } from '../../canonical/canonicalise.ts';
import { type Draft, DraftBuilder } from '../../canonical/draft.ts';
import { FaultList, ImportFault, importError, quoted } from '../../faults.ts';
import type { ImportedNetwork, ImportedOutput } from '../../importer.ts';
import type { ModelFile } from '../modelFile.ts';
import { topologicalOrder } from '../order.ts';
import type { LayerWeights } from '../weights.ts';
import { ACTIVATIONS } from './activations.ts';
import { ARITHMETIC } from './arithmetic.ts';
import { inSequence } from './arrangement.ts';
import { CONVOLUTIONS } from './convolution.ts';
import { withDilations } from './dilation.ts';
import { entranceOf, entranceValue } from './entrance.ts';
import { FOLDINGS } from './foldings.ts';
import { ancestorsOf, type GraphNode, readGraph, type TensorName, tensorName } from './graphDef.ts';
import { MATRICES } from './matrices.ts';
import { NORMALISATIONS } from './normalisation.ts';
import { withOffsetsAtLinear } from './offsets.ts';
import type { GraphBuilding, Operation } from './operation.ts';
import { chosenOutputs, type GraphOutput, readSignature } from './outputs.ts';
import { PARTS } from './parts.ts';
import { POOLINGS } from './pooling.ts';
import { SHAPINGS } from './shaping.ts';
import type { GraphValue } from './values.ts';

const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...CONVOLUTIONS,
  ...MATRICES,
  ...POOLINGS,
  ...NORMALISATIONS,
  ...ACTIVATIONS,
  ...ARITHMETIC,
  ...SHAPINGS,
  ...PARTS,
};

const CONTROL_FLOW: ReadonlySet<string> = new Set([
  'If',
  'StatelessIf',
  'While',
  'StatelessWhile',
  'Switch',
  'Merge',
  'Enter',
  'Exit',
  'NextIteration',
  'LoopCond',
]);

/** More values than a converter leaves to be computed out of constants; bounds the memory that an import can take. */
const MAX_FOLDED = 1 << 25;

/**
 * Reads a graph model, a GraphDef of TensorFlow as `tensorflowjs_converter` writes it: images become [C, H, W] inside,
 * kernels OIHW, matrices [out, in] in the order of our flattening; padding is the explicit one that TensorFlow computes;
 * what only computes shapes is computed here. Only nodes are read that the explained output depends on.
 * @throws ElucidError `model-failed`
 */
export function graphNetwork(
  file: ModelFile,
  weights: LayerWeights,
  inputShape: Shape,
  output: ImportedOutput,
): ImportedNetwork {
  const all = readGraph(file.modelTopology);
  const signature = readSignature(file, all);
  const { outputs: chosen, layer } = chosenOutputs(signature, output.layer);
  const roots = chosen.map(({ tensor }) => tensor.node);
  const faults = new FaultList();
  const needed = ancestorsOf(all, roots);
  const rewritten = attempt(faults, 'graph', 'dilation', () => withDilations(needed, weights)) ?? needed;
  const nodes = withOffsetsAtLinear(rewritten);
  const ordered = topologicalOrder({ layers: nodes, outputs: roots });
  const placeholder = placeholderIn(nodes);
  const isUsual = !nodes.some(({ attributes }) => attributes.says('data_format', 'NCHW'));
  const entrance = attempt(faults, placeholder.name, placeholder.op, () =>
    entranceOf(placeholder, signature, inputShape, isUsual),
  );
  const building = { draft: new DraftBuilder(inputShape), weights, channelsLast: entrance?.channelsLast ?? isUsual };
  const values = new Map<string, readonly GraphValue[]>();
  if (entrance !== null) values.set(placeholder.name, [entranceValue(entrance, building.draft)]);
  let folded = 0;
  for (const node of ordered) {
    if (node === placeholder) continue;
    const value = attempt(faults, node.name, node.op, () => builtNode(node, values, building));
    if (node.op !== 'Const') folded += foldedIn(value);
    if (folded > MAX_FOLDED) throw importError(`the graph computes more than ${MAX_FOLDED} values out of constants`);
    if (value !== null) values.set(node.name, value);
  }
  faults.throwIfAny();
  const ends = chosen.map((end) => endOf(end, values, building));
  const draft = building.draft.finish(ends[0] ?? -1);
  return canonicalise(draft, { ...output, layer: layerNamed(layer, draft, values) });
}

/** How many values a node has computed out of constants. */
function foldedIn(outputs: readonly GraphValue[] | null): number {
  return (outputs ?? []).reduce((sum, value) => sum + (value.kind === 'constant' ? value.data.length : 0), 0);
}

/** Runs a step; a fault is noted, and null comes out. */
function attempt<T>(faults: FaultList, name: string, op: string, step: () => T): T | null {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof ImportFault)) throw error;
    faults.add(name, op, error.message);
    return null;
  }
}

/** The graph's input. @throws ElucidError when it has not exactly one. */
function placeholderIn(nodes: readonly GraphNode[]): GraphNode {
  const [placeholder, ...others] = nodes.filter(({ op }) => op === 'Placeholder');
  if (placeholder === undefined) throw importError('the explained output depends on no input (Placeholder)');
  if (others.length > 0) {
    const names = [placeholder, ...others].slice(0, 10).map(({ name }) => quoted(name));
    throw importError(`the model has ${others.length + 1} inputs (${names.join(', ')}); only one is supported`);
  }
  return placeholder;
}

/** A node's outputs; null when something that it reads could not be built. */
function builtNode(
  node: GraphNode,
  values: ReadonlyMap<string, readonly GraphValue[]>,
  building: GraphBuilding,
): readonly GraphValue[] | null {
  if (node.op === 'Const') return [{ kind: 'constant', ...building.weights.constant(node.name) }];
  if (node.op === 'NoOp') return [];
  const construct = operationOf(node.op);
  if (node.inbound.some((name) => !values.has(name))) return null;
  const inputs = node.inputs.map((tensor) => outputOf(tensor, values));
  const known = inputs.filter((input) => input.kind === 'constant');
  const folding = Object.hasOwn(FOLDINGS, node.op) ? FOLDINGS[node.op] : undefined;
  if (folding !== undefined && known.length === inputs.length) return listed(folding(node, known));
  return listed(construct(node, inputs, building));
}

function operationOf(op: string): Operation {
  const operation = Object.hasOwn(OPERATIONS, op) ? OPERATIONS[op] : undefined;
  if (operation !== undefined) return operation;
  if (CONTROL_FLOW.has(op)) throw new ImportFault('control flow is not supported');
  if (!Object.hasOwn(FOLDINGS, op)) throw new ImportFault('operations of this type are not supported');
  return () => {
    throw new ImportFault('is only supported for constants and shapes');
  };
}

function outputOf({ node, output }: TensorName, values: ReadonlyMap<string, readonly GraphValue[]>): GraphValue {
  const value = values.get(node)?.[output];
  if (value === undefined) throw new ImportFault(`reads the output ${output} of ${quoted(node)}, which has none such`);
  return value;
}

function listed<T extends GraphValue>(value: T | readonly T[]): readonly T[] {
  return isList(value) ? value : [value];
}

function isList<T extends GraphValue>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

/** Index in the draft of one of the model's outputs, in TensorFlow's order. */
function endOf(
  { key, tensor }: GraphOutput,
  values: ReadonlyMap<string, readonly GraphValue[]>,
  { draft }: GraphBuilding,
): number {
  const value = values.get(tensor.node)?.[tensor.output];
  if (value?.kind !== 'computed') throw importError(`the output ${quoted(key)} does not depend on the input`);
  return inSequence(key, value, [...value.axes.keys()], draft);
}

/** The draft's name of a layer that the manifest names by it, or by the node that ends in it. */
function layerNamed(
  layer: string | null,
  draft: Draft,
  values: ReadonlyMap<string, readonly GraphValue[]>,
): string | null {
  if (layer === null || draft.layers.some(({ name }) => name === layer)) return layer;
  const { node, output } = tensorName(layer);
  const value = values.get(node)?.[output];
  return (value?.kind === 'computed' ? draft.layers[value.index]?.name : null) ?? layer;
}
