import { z } from 'zod';
import type { ActivationFunction } from '../../network.ts';
import { arrayTensor } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { type Building, ignoredSchema, type LayerReader, onlyInput, reader } from './reader.ts';

const nothing = z.strictObject({ engine: ignoredSchema });
const finite = z.number();

/** A layer that is one function of every element. */
function activation<C>(field: string, schema: z.ZodType<C>, of: (config: C) => ActivationFunction): LayerReader {
  return reader(field, schema, ({ name, config }, inputs, building) =>
    activated(name, onlyInput(inputs), of(config), building),
  );
}

function activated(name: string, input: number, fn: ActivationFunction, { draft }: Building): number {
  return draft.add({ type: 'activation', name, inputs: [input], function: fn });
}

const preluSchema = z.strictObject({ filler: ignoredSchema, channel_shared: z.boolean().default(false) });

/** What Caffe fills the slopes of a PReLU with. */
const PRELU_SLOPE = 0.25;

const prelu = reader('prelu_param', preluSchema, ({ name, config }, inputs, building) => {
  const input = onlyInput(inputs);
  const [channels = 0] = building.draft.shapeOf(input);
  const shape = config.channel_shared ? [] : [channels];
  const [slopes = new Float32Array()] = building.parameters.read(name, [{ shape, initial: PRELU_SLOPE }]);
  if (config.channel_shared) return activated(name, input, { name: 'leakyRelu', alpha: slopes[0] ?? 0 }, building);
  return activated(name, input, { name: 'prelu', slope: arrayTensor(shape, slopes) }, building);
});

/** x ↦ scale x + shift for all elements; nothing where that changes nothing. */
function affine(name: string, input: number, scale: number, shift: number, building: Building): number {
  if (scale === 1 && shift === 0) return input;
  return affineLayer(name, input, scale, shift, building);
}

function affineLayer(name: string, input: number, scale: number, shift: number, { draft }: Building): number {
  const [channels = 0] = draft.shapeOf(input);
  const all = (value: number) => {
    if (!Number.isFinite(Math.fround(value))) throw new ImportFault(`its parameters give the constant ${value}`);
    return arrayTensor([channels], new Float32Array(channels).fill(value));
  };
  return draft.add({ type: 'affine', name, inputs: [input], scale: all(scale), offset: all(shift) });
}

const powerSchema = z.strictObject({
  power: finite.default(1),
  scale: finite.default(1),
  shift: finite.default(0),
});

/** y = (shift + scale x)^power. */
const power = reader('power_param', powerSchema, ({ name, config }, inputs, building) => {
  const input = onlyInput(inputs);
  const { power: exponent, scale, shift } = config;
  if (exponent * scale === 0) return affineLayer(name, input, 0, exponent === 0 ? 1 : shift ** exponent, building);
  if (exponent === 1) return affineLayer(name, input, scale, shift, building);
  const base = affine(`${name}/affine`, input, scale, shift, building);
  return activated(name, base, { name: 'power', exponent }, building);
});

const basedSchema = z.strictObject({
  base: finite.default(-1),
  scale: finite.default(1),
  shift: finite.default(0),
});

/** ln of the base, which −1 stands for e in. */
function logarithmOf(base: number): number {
  if (base === -1) return 1;
  if (base <= 0) throw new ImportFault(`base ${base} is not allowed; it must be above 0, or -1 for e`);
  return Math.log(base);
}

/** y = base^(shift + scale x). */
const exponential = reader('exp_param', basedSchema, ({ name, config: { base, scale, shift } }, inputs, building) => {
  const factor = logarithmOf(base);
  const exponent = affine(`${name}/affine`, onlyInput(inputs), factor * scale, factor * shift, building);
  return activated(name, exponent, { name: 'exp' }, building);
});

/** y = log_base(shift + scale x). */
const logarithm = reader('log_param', basedSchema, ({ name, config: { base, scale, shift } }, inputs, building) => {
  const factor = logarithmOf(base);
  if (factor === 0) throw new ImportFault('base 1 has no logarithm');
  const argument = affine(`${name}/affine`, onlyInput(inputs), scale, shift, building);
  if (factor === 1) return activated(name, argument, { name: 'log' }, building);
  const natural = activated(`${name}/log`, argument, { name: 'log' }, building);
  return affineLayer(name, natural, 1 / factor, 0, building);
});

const reluSchema = z.strictObject({ negative_slope: finite.default(0), engine: ignoredSchema });

export const ELEMENTWISE_READERS: Readonly<Record<string, LayerReader>> = {
  ReLU: activation('relu_param', reluSchema, ({ negative_slope: alpha }) =>
    alpha === 0 ? { name: 'relu' } : { name: 'leakyRelu', alpha },
  ),
  PReLU: prelu,
  ELU: activation('elu_param', z.strictObject({ alpha: finite.default(1) }), ({ alpha }) => ({ name: 'elu', alpha })),
  Sigmoid: activation('sigmoid_param', nothing, () => ({ name: 'sigmoid' })),
  TanH: activation('tanh_param', nothing, () => ({ name: 'tanh' })),
  AbsVal: activation('absval_param', nothing, () => ({ name: 'abs' })),
  BNLL: activation('bnll_param', nothing, () => ({ name: 'softplus' })),
  Clip: activation('clip_param', z.strictObject({ min: finite, max: finite }), ({ min, max }) => {
    if (min > max) throw new ImportFault(`min ${min} is above max ${max}`);
    return { name: 'clip', low: min, high: max };
  }),
  Power: power,
  Exp: exponential,
  Log: logarithm,
};
