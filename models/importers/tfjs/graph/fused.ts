import { type ArrayTensor, arrayTensor } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';
import { activated, functionOf, parametric } from './activations.ts';
import type { GraphNode } from './graphDef.ts';
import { normalised } from './normalisation.ts';
import type { GraphBuilding } from './operation.ts';
import { type Computed, constantInput, floatsInput, type GraphValue } from './values.ts';

/** What a node applies to its linear result: `fused_ops`, in order, and the inputs that these take. */
export interface Fused {
  /** A bias that comes first, for the linear layer itself. */
  readonly bias: ArrayTensor | null;
  readonly rest: readonly string[];
  readonly inputs: readonly GraphValue[];
}

/** The fused operations of a node whose own inputs are the first two. @throws ImportFault */
export function fusedIn({ attributes }: GraphNode, inputs: readonly GraphValue[]): Fused {
  const [first, ...rest] = attributes.texts('fused_ops');
  const others = inputs.slice(2);
  if (first === undefined && others.length > 0) throw new ImportFault(`has ${inputs.length} inputs and no fused_ops`);
  if (first !== 'BiasAdd') return { bias: null, rest: first === undefined ? [] : [first, ...rest], inputs: others };
  const bias = Float32Array.from(floatsInput(others, 0));
  return { bias: arrayTensor([bias.length], bias), rest, inputs: others.slice(1) };
}

/** Applies what comes behind the bias: an activation, the layer `<name>/activation`, or a normalisation. */
export function withFused(node: GraphNode, value: Computed, fused: Fused, building: GraphBuilding): Computed {
  const { name, attributes } = node;
  let result = value;
  let inputs = fused.inputs;
  for (const op of fused.rest) {
    if (op === 'FusedBatchNorm') {
      const channelsFirst = attributes.text('data_format', 'NHWC') === 'NCHW';
      const epsilon = attributes.number('epsilon', 1e-4);
      result = normalised(`${name}/normalisation`, result, inputs, epsilon, channelsFirst, building);
      inputs = inputs.slice(4);
    } else if (op === 'Prelu') {
      result = parametric(`${name}/activation`, result, constantInput(inputs, 0), building);
      inputs = inputs.slice(1);
    } else {
      result = activated(`${name}/activation`, result, functionOf(op, attributes, 'leakyrelu_alpha'), building);
    }
  }
  if (inputs.length > 0) throw new ImportFault(`has ${inputs.length} inputs more than its fused_ops take`);
  return result;
}
