import { z } from 'zod';
import { allFinite } from '../../tensors/finite.ts';
import { type Shape, sizeOf } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { type Filler, filled, type RandomSpec } from '../fillers.ts';
import type { CaffeBlob, CaffeWeights } from './net.ts';

/** A parameter that a layer needs: its shape, and what it is under random weights. */
export interface ParameterSpec {
  readonly shape: Shape;
  readonly initial: number | FillerMessage;
}

/** Where the parameters of layers come from. */
export interface ParameterSource {
  /** All parameters of a layer, in Caffe's order. @throws ImportFault when they are not what the layer needs */
  read(layer: string, wanted: readonly ParameterSpec[]): readonly Float32Array[];
}

const fillerSchema = z.object({
  type: z.string().default('constant'),
  value: z.number().default(0),
  std: z.number().default(1),
  variance_norm: z
    .union([z.enum(['FAN_IN', 'FAN_OUT', 'AVERAGE']), z.int().min(0).max(2).transform(numberedNorm)])
    .default('FAN_IN'),
});

type FillerMessage = z.output<typeof fillerSchema>;

function numberedNorm(number: number): 'FAN_IN' | 'FAN_OUT' | 'AVERAGE' {
  return number === 2 ? 'AVERAGE' : number === 1 ? 'FAN_OUT' : 'FAN_IN';
}

/** The `weight_filler` of a layer. Random weights are of the manifest's type; details can be the layer's own. */
export const weightFillerSchema = fillerSchema.optional();

/** The `bias_filler` of a layer as the value of its biases: that of a constant one, else 0. */
export const biasFillerSchema = fillerSchema
  .transform(({ type, value }) => (type === 'constant' ? value : 0))
  .default(0);

/** The filler that Caffe's gaussian has where the layer states no standard deviation of its own. */
const DEFAULT_STD = 0.01;

/** A weight that random weights fill as the manifest says. */
export function weightSpec(shape: Shape, filler: FillerMessage | undefined): ParameterSpec {
  return { shape, initial: filler ?? { type: 'none', value: 0, std: DEFAULT_STD, variance_norm: 'FAN_IN' } };
}

/** The blobs of a file. */
export function fileParameters(weights: CaffeWeights): ParameterSource {
  return {
    read: (layer, wanted) => {
      if (wanted.length === 0) return [];
      const blobs = weights.get(layer);
      const expected = wanted.map(({ shape }) => show(shape)).join(', ');
      if (blobs === undefined) throw new ImportFault(`the weights hold no blobs for it, expected ${expected}`);
      if (blobs.length !== wanted.length) {
        const found = blobs.map(({ shape }) => show(shape)).join(', ') || 'none';
        throw new ImportFault(`the weights hold the blobs ${found} for it, expected ${expected}`);
      }
      return wanted.map(({ shape }, index) => checked(blobs[index], shape, index));
    },
  };
}

/** Values of a blob that is as wanted, up to leading ones, which the oldest files put before every shape. */
function checked(blob: CaffeBlob | undefined, wanted: Shape, index: number): Float32Array {
  const found = blob?.shape ?? [];
  const [a, b] = [withoutLeadingOnes(found), withoutLeadingOnes(wanted)];
  if (blob === undefined || a.length !== b.length || a.some((side, axis) => side !== b[axis])) {
    throw new ImportFault(`blob ${index} has the shape ${show(found)}, expected ${show(wanted)}`);
  }
  if (!allFinite(blob.data)) throw new ImportFault(`blob ${index} holds values that are not finite`);
  return blob.data;
}

/** Most random values of a net (2 GiB): a few bytes of text can ask for any number. */
const MAX_VALUES = 2 ** 29;

/** Random weights by the filler of the manifest; other parameters are what Caffe fills them with. */
export function randomParameters({ seed, filler }: RandomSpec): ParameterSource {
  let total = 0;
  return {
    read: (layer, wanted) =>
      wanted.map(({ shape, initial }, index) => {
        total += sizeOf(shape);
        if (total > MAX_VALUES)
          throw new ImportFault(`needs ${show(shape)} weights; at most ${MAX_VALUES} in all are made`);
        const own: Filler =
          typeof initial === 'number' ? { type: 'constant', value: initial } : fillerOf(filler, initial);
        return filled(own, shape, seed, layer, index);
      }),
  };
}

/** The manifest's filler with the details that a layer's own filler states: std and value are those of its own type. */
function fillerOf(type: RandomSpec['filler'], own: FillerMessage): Filler {
  switch (type) {
    case 'constant':
      return { type, value: own.type === 'constant' ? own.value : 0 };
    case 'gaussian':
      return { type, std: own.type === 'gaussian' ? own.std : DEFAULT_STD };
    case 'xavier':
    case 'msra':
      return { type, norm: own.variance_norm };
    default:
      return type satisfies never;
  }
}

function withoutLeadingOnes(shape: Shape): Shape {
  const first = shape.findIndex((side) => side !== 1);
  return first < 0 ? [] : shape.slice(first);
}

function show(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}
