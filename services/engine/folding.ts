import type { TensorStore } from '../../models/tensors/store.ts';
import { arrayTensor, type StoredTensor, sizeOf } from '../../models/tensors/tensor.ts';
import type { NamedTensors } from './engine.ts';
import { type Graph, type Value, valuesOf } from './graph.ts';
import { expressionHashes } from './identity.ts';

/** Derived constants of at most this many values are kept inside the graph, larger ones are mapped from the store. */
const INLINE_VALUES = 256;

interface DerivedConstant {
  readonly value: Value;
  readonly tensor: StoredTensor;
}

/** Runs a graph without inputs once and returns its outputs. */
export type Evaluate = (graph: Graph) => Promise<NamedTensors>;

/**
 * Replaces everything in a graph that depends on constants only (max(W, 0), flipped kernels, ...) by tensors of the
 * store. What the store does not hold yet is computed by `evaluate`, one constant at a time so that no more than one is
 * in memory, and written there under the hash of its expression.
 * @param folder the model's folder in the store
 */
export async function foldConstants(
  graph: Graph,
  folder: string,
  store: TensorStore,
  evaluate: Evaluate,
): Promise<Graph> {
  const derived = derivedConstants(graph, folder);
  for (const { value, tensor } of derived) {
    if (await store.has(tensor)) continue;
    const { derived: result } = await evaluate({ inputs: [], outputs: { derived: value } });
    if (result === undefined) throw new Error(`constant ${tensor.key} was not computed`);
    await store.write(tensor, result.data);
  }
  const replacements = new Map<Value, Value>();
  for (const { value, tensor } of derived) {
    const small = sizeOf(tensor.shape) <= INLINE_VALUES;
    const folded = small ? arrayTensor(tensor.shape, await store.read(tensor)) : tensor;
    replacements.set(value, { ...value, operation: { name: 'constant', tensor: folded }, inputs: [] });
  }
  return replaceValues(graph, replacements);
}

/** The largest constant expressions of a graph: those that something which depends on an input, or an output, uses. */
function derivedConstants(graph: Graph, folder: string): readonly DerivedConstant[] {
  const values = valuesOf(graph);
  const hashes = expressionHashes(values);
  const constant = new Set<Value>();
  for (const value of values) {
    if (value.operation.name !== 'input' && value.inputs.every((input) => constant.has(input))) constant.add(value);
  }
  // A boolean cannot be stored; what it is computed from can.
  const storable = (value: Value) => constant.has(value) && value.dataType === 'float32';
  const runs = (value: Value) => !storable(value);
  const used = new Set(Object.values(graph.outputs));
  for (const value of values.filter(runs)) for (const input of value.inputs) used.add(input);
  return values
    .filter((value) => storable(value) && used.has(value) && value.operation.name !== 'constant')
    .map((value) => ({ value, tensor: { kind: 'stored', shape: value.shape, folder, key: hashes.get(value) ?? '' } }));
}

/** The graph with some values exchanged, and everything that depends on them rebuilt. */
function replaceValues(graph: Graph, replacements: ReadonlyMap<Value, Value>): Graph {
  const rebuilt = new Map<Value, Value>();
  const renewed = (value: Value): Value => replacements.get(value) ?? rebuilt.get(value) ?? value;
  for (const value of valuesOf(graph)) {
    if (value.inputs.some((input) => renewed(input) !== input)) {
      rebuilt.set(value, { ...value, inputs: value.inputs.map(renewed) });
    }
  }
  const outputs = Object.entries(graph.outputs).map(([name, value]) => [name, renewed(value)] as const);
  return { inputs: graph.inputs, outputs: Object.fromEntries(outputs) };
}

/** The stored tensors that a graph refers to. */
export function storedTensors(graph: Graph): readonly StoredTensor[] {
  return valuesOf(graph).flatMap(({ operation }) =>
    operation.name === 'constant' && operation.tensor.kind === 'stored' ? [operation.tensor] : [],
  );
}
