import type { ActivationFunction } from '../../../network.ts';
import { arrayTensor } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';
import { arranged } from './arrangement.ts';
import type { Attributes } from './attributes.ts';
import { channelwise } from './channelwise.ts';
import type { GraphBuilding, Operation } from './operation.ts';
import { type Computed, type Constant, computedInput, constantInput, shapeOf } from './values.ts';

type Slope = 'alpha' | 'leakyrelu_alpha';

/** An operation's function; the slope of a leaky one is an attribute whose name depends on where it stands. */
const FUNCTIONS: Readonly<Record<string, (attributes: Attributes, slope: Slope) => ActivationFunction>> = {
  Relu: () => ({ name: 'relu' }),
  Relu6: () => ({ name: 'clip', low: 0, high: 6 }),
  LeakyRelu: (attributes, slope) => ({ name: 'leakyRelu', alpha: attributes.number(slope, 0.2) }),
  Elu: () => ({ name: 'elu', alpha: 1 }),
  Selu: () => ({ name: 'selu' }),
  Sigmoid: () => ({ name: 'sigmoid' }),
  Tanh: () => ({ name: 'tanh' }),
  Softplus: () => ({ name: 'softplus' }),
  Softsign: () => ({ name: 'softsign' }),
  Exp: () => ({ name: 'exp' }),
  Log: () => ({ name: 'log' }),
  Abs: () => ({ name: 'abs' }),
  Square: () => ({ name: 'power', exponent: 2 }),
  Sqrt: () => ({ name: 'power', exponent: 0.5 }),
};

export const ACTIVATIONS: Readonly<Record<string, Operation>> = {
  ...Object.fromEntries(
    Object.keys(FUNCTIONS).map((op): [string, Operation] => [
      op,
      ({ name, attributes }, inputs, building) =>
        activated(name, computedInput(inputs, 0), functionOf(op, attributes, 'alpha'), building),
    ]),
  ),
  Prelu: ({ name }, inputs, building) => parametric(name, computedInput(inputs, 0), constantInput(inputs, 1), building),
  Softmax: probability('softmax'),
  LogSoftmax: probability('log-softmax'),
};

/** The function of an operation that is an activation. @throws ImportFault when it is none that is supported. */
export function functionOf(op: string, attributes: Attributes, slope: Slope): ActivationFunction {
  const of = Object.hasOwn(FUNCTIONS, op) ? FUNCTIONS[op] : undefined;
  if (of === undefined) throw new ImportFault(`the fused operation ${op} is not supported`);
  return of(attributes, slope);
}

/** The value behind an elementwise function. */
export function activated(name: string, value: Computed, fn: ActivationFunction, { draft }: GraphBuilding): Computed {
  return { ...value, index: draft.add({ type: 'activation', name, inputs: [value.index], function: fn }) };
}

/** x for x > 0, slope x else; one slope for each place that the constant is broadcast from. */
export function parametric(name: string, given: Computed, slopes: Constant, building: GraphBuilding): Computed {
  const { value, read } = channelwise(name, given, slopes.shape, building);
  const slope = read(slopes.data);
  return activated(name, value, { name: 'prelu', slope: arrayTensor([slope.length], slope) }, building);
}

/** A softmax over a vector, which is only legal at the end. */
function probability(fn: 'softmax' | 'log-softmax'): Operation {
  return ({ name }, inputs, { draft }) => {
    const value = computedInput(inputs, 0);
    const shape = shapeOf(value);
    if (shape.slice(0, -1).some((side) => side !== 1)) {
      throw new ImportFault(`a softmax over the last axis of [batch, ${shape.join(', ')}]; only a vector is supported`);
    }
    const last = { ...value, axes: value.axes.slice(-1) };
    const { index } = arranged(name, last, [0], draft);
    return { ...value, index: draft.add({ type: 'probability', name, inputs: [index], function: fn }) };
  };
}
