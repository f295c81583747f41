import { type ArrayTensor, arrayTensor, sizeOf } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';
import { transposedRows } from '../dense.ts';
import { shaped } from './arrangement.ts';
import { fusedIn, withFused } from './fused.ts';
import type { Operation } from './operation.ts';
import {
  type Computed,
  computedInput,
  computedValue,
  constantInput,
  floatsInput,
  type GraphValue,
  placesOf,
  shapeOf,
} from './values.ts';

/** A vector times a constant matrix, whose rows are brought into the draft's order of the vector. */
const matMul: Operation = (node, inputs, building) => {
  const { name, attributes } = node;
  if (attributes.flag('transpose_a')) throw new ImportFault('transposes the batch (transpose_a)');
  const vector = computedInput(inputs, 0);
  if (vector.axes.length !== 1) {
    throw new ImportFault(`multiplies a value of rank ${vector.axes.length + 1}; only a vector is supported`);
  }
  const weight = weightOf(inputs, attributes.flag('transpose_b'), vector);
  const [units = 0, size = 0] = weight.shape;
  const fused = fusedIn(node, inputs);
  const input = shaped(name, vector.index, [size], building.draft);
  const index = building.draft.add({ type: 'dense', name, inputs: [input], weight, bias: fused.bias });
  return withFused(node, computedValue(index, [units], [0]), fused, building);
};

/** [out, in], of a matrix [in, out] or, transposed, [out, in]. */
function weightOf(inputs: readonly GraphValue[], isTransposed: boolean, vector: Computed): ArrayTensor {
  const { shape } = constantInput(inputs, 1);
  const [first = 0, second = 0] = shape;
  const [size, units] = isTransposed ? [second, first] : [first, second];
  const length = sizeOf(shapeOf(vector));
  if (shape.length !== 2 || size !== length) {
    throw new ImportFault(`its matrix has the shape [${shape.join(', ')}], for a vector of ${length} values`);
  }
  const places = placesOf(vector);
  const matrix = floatsInput(inputs, 1);
  if (!isTransposed) return transposedRows(matrix, units, places);
  const weight = new Float32Array(matrix.length);
  for (const [k, value] of matrix.entries()) weight[Math.floor(k / size) * size + (places[k % size] ?? 0)] = value;
  return arrayTensor([units, size], weight);
}

export const MATRICES: Readonly<Record<string, Operation>> = { MatMul: matMul, _FusedMatMul: matMul };
