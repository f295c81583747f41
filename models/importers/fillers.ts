import { createHash } from 'node:crypto';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { RandomWeights } from '../../schemas/manifest.ts';
import { type Shape, sizeOf } from '../tensors/tensor.ts';

/** A way to fill a parameter with values; `n` of the variances is chosen by `norm`. */
export type Filler =
  | { readonly type: 'constant'; readonly value: number }
  /** N(0, std²) */
  | { readonly type: 'gaussian'; readonly std: number }
  /** Uniform in ±√(3/n), of variance 1/n (Glorot and Bengio 2010) */
  | { readonly type: 'xavier'; readonly norm: VarianceNorm }
  /** N(0, 2/n) (He et al. 2015) */
  | { readonly type: 'msra'; readonly norm: VarianceNorm };

/** What n is: what flows into a unit, out of it, or the mean of both. */
export type VarianceNorm = 'FAN_IN' | 'FAN_OUT' | 'AVERAGE';

/** The part of a manifest that asks for random weights. */
export type RandomSpec = RandomWeights['random'];

/**
 * Random values of a parameter. They depend on the seed, the layer's name and the parameter's number alone, so that they
 * are the same in whatever order parameters are filled, and on every machine.
 * @param shape as Caffe has it, outputs first: n is count/shape[0] (FAN_IN), count/shape[1] (FAN_OUT) or their mean
 */
export function filled(filler: Filler, shape: Shape, seed: number, layer: string, parameter: number): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  switch (filler.type) {
    case 'constant':
      return values.fill(filler.value);
    case 'gaussian':
      return fillNormal(values, filler.std, generatorOf(seed, layer, parameter));
    case 'xavier':
      return fillUniform(values, Math.sqrt(3 / fan(shape, filler.norm)), generatorOf(seed, layer, parameter));
    case 'msra':
      return fillNormal(values, Math.sqrt(2 / fan(shape, filler.norm)), generatorOf(seed, layer, parameter));
    default:
      return filler satisfies never;
  }
}

function fan(shape: Shape, norm: VarianceNorm): number {
  const count = sizeOf(shape);
  const fanIn = count / (shape[0] ?? 1);
  const fanOut = count / (shape[1] ?? 1);
  switch (norm) {
    case 'FAN_IN':
      return fanIn;
    case 'FAN_OUT':
      return fanOut;
    case 'AVERAGE':
      return (fanIn + fanOut) / 2;
    default:
      return norm satisfies never;
  }
}

/** Seeded with 128 bits of a hash, so that no two parameters get numbers that have to do with each other. */
function generatorOf(seed: number, layer: string, parameter: number): RandomGenerator {
  const hash = createHash('sha256')
    .update(JSON.stringify([seed, layer, parameter]))
    .digest();
  return xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => hash.readInt32LE(offset)));
}

/** Uniform in ±limit. */
function fillUniform(values: Float32Array, limit: number, generator: RandomGenerator): Float32Array {
  const step = limit / 2 ** 31;
  for (let index = 0; index < values.length; index += 1) values[index] = generator.next() * step;
  return values;
}

/** The ziggurat of 128 layers: where its tail begins, and the area of each layer. */
const LAYERS = 128;
const TAIL = 3.442619855899;
const AREA = 9.91256303526217e-3;

interface Ziggurat {
  /** Right edge of each layer, per unit of an int32. */
  readonly width: Float64Array;
  /** Below these int32 a point of a layer lies under the curve for certain. */
  readonly inside: Float64Array;
  /** exp(−x²/2) at the right edges. */
  readonly height: Float64Array;
}

function buildZiggurat(): Ziggurat {
  const density = (x: number) => Math.exp(-0.5 * x * x);
  const edges = new Float64Array(LAYERS + 1);
  edges[0] = AREA / density(TAIL);
  edges[1] = TAIL;
  for (let i = 2; i < LAYERS; i += 1) {
    const below = edges[i - 1] ?? 0;
    edges[i] = Math.sqrt(-2 * Math.log(AREA / below + density(below)));
  }
  return {
    width: edges.map((edge) => edge / 2 ** 31),
    inside: edges.map((edge, i) => ((edges[i + 1] ?? 0) / edge) * 2 ** 31),
    height: edges.map((edge, i) => (i === 0 ? 0 : density(edge))),
  };
}

const ZIGGURAT = buildZiggurat();

/**
 * N(0, std²) by the ziggurat method (Marsaglia and Tsang 2000): one integer of the generator chooses a layer by its
 * highest 7 bits and a place in it by the other 25. Nearly always that is inside the curve, and no logarithm is needed:
 * a large network has more than 10⁸ weights.
 */
function fillNormal(values: Float32Array, std: number, generator: RandomGenerator): Float32Array {
  const { width, inside } = ZIGGURAT;
  for (let index = 0; index < values.length; index += 1) {
    const bits = generator.next();
    const layer = bits >>> 25;
    const place = bits << 7;
    const x = place * (width[layer] ?? 0);
    const isInside = (place < 0 ? -place : place) < (inside[layer] ?? 0);
    values[index] = std * (isInside ? x : nearEdge(x, layer, generator));
  }
  return values;
}

/** A value for a point that may lie above the curve: accepted if it does not, else drawn anew. */
function nearEdge(first: number, firstLayer: number, generator: RandomGenerator): number {
  let [x, layer] = [first, firstLayer];
  for (;;) {
    if (layer === 0) return x < 0 ? -tail(generator) : tail(generator);
    const [lower, upper] = [ZIGGURAT.height[layer] ?? 0, layer === LAYERS - 1 ? 1 : (ZIGGURAT.height[layer + 1] ?? 0)];
    if (lower + uniform(generator) * (upper - lower) < Math.exp(-0.5 * x * x)) return x;
    const bits = generator.next();
    layer = bits >>> 25;
    const place = bits << 7;
    x = place * (ZIGGURAT.width[layer] ?? 0);
    if (Math.abs(place) < (ZIGGURAT.inside[layer] ?? 0)) return x;
  }
}

/** A value beyond the last layer, by Marsaglia's method for tails. */
function tail(generator: RandomGenerator): number {
  for (;;) {
    const x = -Math.log(uniform(generator)) / TAIL;
    const y = -Math.log(uniform(generator));
    if (2 * y > x * x) return TAIL + x;
  }
}

/** In (0, 1). */
function uniform(generator: RandomGenerator): number {
  return ((generator.next() >>> 0) + 0.5) / 2 ** 32;
}
