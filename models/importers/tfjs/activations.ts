import { z } from 'zod';
import type { ActivationFunction } from '../../network.ts';
import { arrayTensor, sizeOf } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { type Building, type LayerReader, reader } from './reader.ts';
import { axisOf, type KerasValue, kerasRank, onlyInput, placesOf } from './values.ts';

/** What a Keras activation is here: a function, nothing at all, or a probability at the end. */
type Activation = ActivationFunction | { readonly name: 'linear' | 'softmax' | 'log-softmax' };

const ACTIVATIONS = {
  linear: { name: 'linear' },
  relu: { name: 'relu' },
  relu6: { name: 'clip', low: 0, high: 6 },
  leaky_relu: { name: 'leakyRelu', alpha: 0.2 },
  elu: { name: 'elu', alpha: 1 },
  selu: { name: 'selu' },
  sigmoid: { name: 'sigmoid' },
  tanh: { name: 'tanh' },
  softplus: { name: 'softplus' },
  softsign: { name: 'softsign' },
  exponential: { name: 'exp' },
  softmax: { name: 'softmax' },
  log_softmax: { name: 'log-softmax' },
} as const satisfies Record<string, Activation>;

type ActivationName = keyof typeof ACTIVATIONS;

function isActivationName(name: string): name is ActivationName {
  return Object.hasOwn(ACTIVATIONS, name);
}

/** The `activation` of a layer, by Keras' name of it. */
export const activationSchema = z
  .string()
  .max(64)
  .nullish()
  .transform((name, context): Activation => {
    const known = name ?? 'linear';
    if (isActivationName(known)) return ACTIVATIONS[known];
    const allowed = Object.keys(ACTIVATIONS).join(', ');
    context.addIssue({ code: 'custom', message: `the activation ${known} is not supported; allowed: ${allowed}` });
    return z.NEVER;
  });

/** Applies an activation to a value; `linear` leaves it as it is. */
export function activate(building: Building, name: string, input: KerasValue, activation: Activation): KerasValue {
  const inputs = [input.index];
  switch (activation.name) {
    case 'linear':
      return input;
    case 'softmax':
    case 'log-softmax':
      if (input.shape.length > 1 && !building.channelsLast) throw new ImportFault('a softmax over columns');
      return { ...input, index: building.draft.add({ type: 'probability', name, inputs, function: activation.name }) };
    default:
      return { ...input, index: building.draft.add({ type: 'activation', name, inputs, function: activation }) };
  }
}

/** Adds a layer's own activation behind it, as a layer `<name>/activation`. */
export function activated(building: Building, name: string, value: KerasValue, activation: Activation): KerasValue {
  return activate(building, `${name}/activation`, value, activation);
}

function activationLayer<C>(schema: z.ZodType<C>, of: (config: C) => Activation): LayerReader {
  return reader(schema.transform(of), ({ name, config }, inputs, building) =>
    activate(building, name, onlyInput(inputs), config),
  );
}

const slope = z.number();

/** Keras' ReLU layer: clipped at `max_value`, or with a `negative_slope`, but not both. */
function rectifier({ max_value: limit, negative_slope: alpha, threshold }: z.output<typeof reluSchema>): Activation {
  if ((threshold ?? 0) !== 0) throw new ImportFault(`threshold ${threshold} is not supported`);
  if (typeof limit !== 'number') return alpha ? { name: 'leakyRelu', alpha } : { name: 'relu' };
  if (alpha) throw new ImportFault('max_value together with negative_slope is not supported');
  return { name: 'clip', low: 0, high: limit };
}

const reluSchema = z.object({
  max_value: z.number().positive().nullish(),
  negative_slope: slope.nullish(),
  threshold: z.number().nullish(),
});

const preluSchema = z.object({
  shared_axes: z.union([z.int().transform((axis) => [axis]), z.array(z.int())]).nullish(),
});

/** Keras' PReLU with one slope per channel: all other axes are shared, or have one place. */
const prelu = reader(preluSchema, ({ name, config }, inputs, building) => {
  const input = onlyInput(inputs);
  const shape = Array.from({ length: kerasRank(input) }, () => 1);
  for (const axis of shape.keys()) {
    const side = input.shape[axisOf(axis + 1, input, building.channelsLast)] ?? 0;
    if (!config.shared_axes?.includes(axis + 1)) shape[axis] = side;
  }
  const [channels = 0] = input.shape;
  if (sizeOf(shape) !== channels || input.shape.length === 2) {
    throw new ImportFault('only one slope per channel is supported (shared_axes: all axes but the channels)');
  }
  const read = building.weights.read(name, 'alpha', shape);
  const places = input.shape.length === 1 ? placesOf(input) : null;
  const slope = new Float32Array(channels);
  for (const [index, value] of read.entries()) slope[places?.[index] ?? index] = value;
  const fn = { name: 'prelu', slope: arrayTensor([channels], slope) } as const;
  return { ...input, index: building.draft.add({ type: 'activation', name, inputs: [input.index], function: fn }) };
});

export const ACTIVATION_READERS: Readonly<Record<string, LayerReader>> = {
  Activation: activationLayer(z.object({ activation: activationSchema }), ({ activation }) => activation),
  ReLU: activationLayer(reluSchema, rectifier),
  LeakyReLU: activationLayer(
    z.object({ alpha: slope.nullish(), negative_slope: slope.nullish() }),
    ({ alpha, negative_slope: negativeSlope }) => ({ name: 'leakyRelu', alpha: negativeSlope ?? alpha ?? 0.3 }),
  ),
  PReLU: prelu,
  ELU: activationLayer(z.object({ alpha: slope.default(1) }), ({ alpha }) => ({ name: 'elu', alpha })),
  Softmax: activationLayer(z.object({ axis: z.literal(-1).default(-1) }), () => ({ name: 'softmax' })),
};
