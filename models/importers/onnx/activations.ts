import type { ActivationFunction } from '../../network.ts';
import { type ArrayTensor, arrayTensor, sizeOf } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import type { Attributes } from './attributes.ts';
import { spreadOf } from './broadcast.ts';
import {
  type Building,
  computedAt,
  constantAt,
  type NodeReader,
  type OnnxNode,
  optionalConstant,
  reading,
} from './node.ts';
import type { Computed } from './values.ts';

/** The bounds of a clipping that has none. */
const LARGEST = 3.4028234663852886e38;

function activation(of: (attributes: Attributes) => ActivationFunction): NodeReader {
  return reading((node, building) => activated(node, computedAt(node, 0), of(node.attributes), building));
}

/** A function without parameters. */
function plain(fn: ActivationFunction): NodeReader {
  return activation(() => fn);
}

function activated({ name }: OnnxNode, input: Computed, fn: ActivationFunction, { layers }: Building): Computed {
  return { ...input, index: layers.add({ type: 'activation', name, inputs: [input.index], function: fn }) };
}

/** The function that keeps values between two bounds: a ReLU where only negative values are cut off. */
function clipping(low: number, high: number): ActivationFunction {
  if (!(low <= high)) throw new ImportFault(`its lowest value ${low} is above the highest ${high}`);
  return low === 0 && high >= LARGEST ? { name: 'relu' } : { name: 'clip', low, high };
}

/** The bounds are attributes before operator set 11, then inputs. */
const clip: NodeReader = reading((node, building) => {
  const bound = (attribute: string, position: number, none: number) => {
    const input = optionalConstant(node, position, attribute);
    const value = input === null ? node.attributes.float(attribute) : numberOf(input.data, attribute);
    return Math.min(Math.max(value ?? none, -LARGEST), LARGEST);
  };
  const [low, high] = [bound('min', 1, -LARGEST), bound('max', 2, LARGEST)];
  return activated(node, computedAt(node, 0), clipping(low, high), building);
});

/** The only number of a constant; bounds may be infinite. @throws ImportFault */
function numberOf(data: ArrayLike<number>, role: string): number {
  const only = data[0] ?? Number.NaN;
  if (data.length !== 1 || Number.isNaN(only)) throw new ImportFault(`its ${role} must be one number`);
  return only;
}

/** Min and Max of a value and a number. */
export function bounded(side: 'low' | 'high', node: OnnxNode, building: Building): Computed {
  const at = node.inputs.findIndex((input) => input?.kind === 'computed');
  if (node.inputs.length !== 2) throw new ImportFault('only the extreme of a value and one number is supported');
  const limit = numberOf(constantAt(node, 1 - at, 'bound').data, 'bound');
  const fn = side === 'low' ? clipping(limit, LARGEST) : clipping(-LARGEST, limit);
  return activated(node, computedAt(node, at), fn, building);
}

const SELU = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 };

function selu(attributes: Attributes): ActivationFunction {
  const [alpha, gamma] = [attributes.float('alpha') ?? SELU.alpha, attributes.float('gamma') ?? SELU.gamma];
  if (Math.abs(alpha - SELU.alpha) > 1e-4 || Math.abs(gamma - SELU.gamma) > 1e-4) {
    throw new ImportFault(`alpha ${alpha} and gamma ${gamma} are not those of the function`);
  }
  return { name: 'selu' };
}

/** max(0, min(1, αx + β)): an affine layer and a clipping behind it. */
const hardSigmoid: NodeReader = reading((node, building) => {
  const input = computedAt(node, 0);
  const [scale, offset] = [node.attributes.float('alpha') ?? 0.2, node.attributes.float('beta') ?? 0.5];
  const [channels = 1] = input.shape;
  const all = (value: number) => new Float32Array(channels).fill(value);
  const affine = building.layers.affine(0, `${node.name}/affine`, input, { scale: all(scale), offset: all(offset) });
  return activated(node, affine, clipping(0, 1), building);
});

/** x^c with one constant c. */
const power: NodeReader = reading((node, building) => {
  const { data } = constantAt(node, 1, 'exponent');
  return activated(node, computedAt(node, 0), { name: 'power', exponent: numberOf(data, 'exponent') }, building);
});

/** One slope for all, or one per place along one axis. */
const prelu: NodeReader = reading((node, { layers }) => {
  const { name } = node;
  const input = computedAt(node, 0);
  const spread = spreadOf(constantAt(node, 1, 'slope'), input, 'slope');
  if (spread.axis === null) throw new ImportFault('its slopes differ along several axes; one per channel is supported');
  const slope: ArrayTensor = arrayTensor([spread.values.length], spread.values);
  return layers.along(spread.axis, name, input, ({ index }) =>
    layers.add({ type: 'activation', name, inputs: [index], function: { name: 'prelu', slope } }),
  );
});

/** Softmax and its logarithm over all scores. Before operator set 13 all axes from `axis` on count as one. */
function probability(fn: 'softmax' | 'log-softmax'): NodeReader {
  return reading((node, { layers }) => {
    const input = computedAt(node, 0);
    const rank = input.shape.length + 1;
    const axis = node.attributes.int('axis') ?? (node.opset < 13 ? 1 : -1);
    const at = (axis < 0 ? axis + rank : axis) - 1;
    const scores = node.opset < 13 ? sizeOf(input.shape.slice(at)) : (input.shape[at] ?? 0);
    if (at < 0 || scores !== sizeOf(input.shape)) {
      throw new ImportFault(`a softmax over axis ${axis} of [N, ${input.shape.join(', ')}] and not over all scores`);
    }
    const layer = { type: 'probability', name: node.name, inputs: [input.index], function: fn } as const;
    return { ...input, index: layers.add(layer) };
  });
}

export const ACTIVATION_READERS: Readonly<Record<string, NodeReader>> = {
  Relu: plain({ name: 'relu' }),
  Sigmoid: plain({ name: 'sigmoid' }),
  Tanh: plain({ name: 'tanh' }),
  Softplus: plain({ name: 'softplus' }),
  Softsign: plain({ name: 'softsign' }),
  Exp: plain({ name: 'exp' }),
  Log: plain({ name: 'log' }),
  Sqrt: plain({ name: 'power', exponent: 0.5 }),
  Reciprocal: plain({ name: 'power', exponent: -1 }),
  Abs: plain({ name: 'abs' }),
  Pow: power,
  LeakyRelu: activation((attributes) => ({ name: 'leakyRelu', alpha: attributes.float('alpha') ?? 0.01 })),
  Elu: activation((attributes) => ({ name: 'elu', alpha: attributes.float('alpha') ?? 1 })),
  Selu: activation(selu),
  PRelu: prelu,
  Clip: clip,
  Max: reading((node, building) => bounded('low', node, building)),
  Min: reading((node, building) => bounded('high', node, building)),
  HardSigmoid: hardSigmoid,
  Softmax: probability('softmax'),
  LogSoftmax: probability('log-softmax'),
};
