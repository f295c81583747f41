import { ImportFault } from '../../faults.ts';
import type { Attributes } from './attributes.ts';
import type { Operation } from './operation.ts';
import { type Constant, computedInput, type GraphValue, integersInput, numberInput, shapeOf } from './values.ts';
import { expanded, reshaped, squeezed, transposed } from './views.ts';

const passed: Operation = (_, [value]) => {
  if (value === undefined) throw new ImportFault('has no input');
  return value;
};

/** Operations that only change how values are looked at. */
export const SHAPINGS: Readonly<Record<string, Operation>> = {
  Identity: passed,
  StopGradient: passed,
  PreventGradient: passed,
  Snapshot: passed,
  Reshape: ({ name }, inputs, building) => reshaped(name, computedInput(inputs, 0), targetIn(inputs), building),
  ExpandDims: (_, inputs) => expanded(computedInput(inputs, 0), numberInput(inputs, 1)),
  Squeeze: ({ attributes }, inputs) => squeezed(computedInput(inputs, 0), squeezedAxes(attributes)),
  Transpose: (_, inputs) => transposed(computedInput(inputs, 0), integersInput(inputs, 1)),
  Shape: (_, inputs): Constant => {
    const sides = [Number.NaN, ...shapeOf(computedInput(inputs, 0))];
    return { kind: 'constant', shape: [sides.length], data: Float64Array.from(sides) };
  },
};

/** The axes that a Squeeze names, under the name that its version of TensorFlow has for them. */
export function squeezedAxes(attributes: Attributes): readonly number[] {
  const axes = attributes.integers('squeeze_dims');
  return axes.length > 0 ? axes : attributes.integers('axis');
}

/** The target of a Reshape, in which NaN stands for the size of the batch. */
function targetIn(inputs: readonly GraphValue[]): readonly number[] {
  const target = inputs[1];
  if (target?.kind !== 'constant') throw new ImportFault('its target shape is computed from values');
  return Array.from(target.data);
}
