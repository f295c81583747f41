import { layerAt, NETWORK_INPUT, type Network, shapeAt } from '../../../models/network.ts';
import { type Shape, sizeOf } from '../../../models/tensors/tensor.ts';
import { BATCH, type Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import { backwardPass } from '../../explanation/layers/backward.ts';
import { forwardPass } from '../../explanation/layers/forward.ts';
import { gradientStep } from '../../explanation/layers/gradient.ts';
import { INPUTS } from './labels.ts';

/** A picture as a function of the variable. */
export interface Picture {
  /** [N, ...input shape] */
  readonly image: Value;
  /** The derivative by the variable, from that by the picture. */
  back(arriving: Value): Value;
}

/** How a generator's output becomes an input of a network: null when it cannot. */
export interface Fit {
  /** The layer whose output is taken: the last, or, before a final flattening, the one that still has the picture's shape. */
  readonly layer: number;
  /** Where the input begins in it; null when it has the input's size. */
  readonly begin: Shape | null;
}

/** The centre of a generator's picture; of a vector as long as the input, all of it. */
export function fitOf(generator: Network, inputShape: Shape): Fit | null {
  const { output } = generator;
  const last = layerAt(generator, output);
  const before = last.type === 'reshape' ? (last.inputs[0] ?? NETWORK_INPUT) : output;
  for (const layer of [before, output]) {
    const begin = layer === NETWORK_INPUT ? null : centre(shapeAt(generator, layer), inputShape);
    if (begin !== null) return { layer, begin: begin.every((offset) => offset === 0) ? null : begin };
  }
  return sizeOf(last.shape) === sizeOf(inputShape) ? { layer: output, begin: null } : null;
}

/** Offsets of the middle block of `inner` in `outer`, which has the same channels; null when there is none. */
function centre(outer: Shape, inner: Shape): Shape | null {
  const fits = outer.length === inner.length && outer.every((side, k) => side >= (inner[k] ?? 0));
  if (!fits || outer[0] !== inner[0]) return null;
  return outer.map((side, k) => Math.floor((side - (inner[k] ?? 0)) / 2));
}

/**
 * x = g(z), cut to the input's shape, and where the model has a box moved into it: min(max(g(z), l), h), whose
 * derivative is 0 outside the box.
 * @throws RangeError when the generator does not fit, see `fitOf`
 */
export function generated(
  g: GraphBuilder,
  generator: Network,
  inputShape: Shape,
  code: Value,
  hasBox: boolean,
): Picture {
  const fit = fitOf(generator, inputShape);
  if (fit === null) throw new RangeError('the generator does not fit the input');
  const forward = forwardPass(g, generator, code);
  const whole = forward.at(fit.layer);
  const wanted = [BATCH, ...inputShape];
  const own = fit.begin === null ? g.reshape(whole, wanted) : g.slice(whole, [0, ...fit.begin], wanted);
  const bounds = hasBox ? boundInputs(g, inputShape) : null;
  return {
    image: bounds === null ? own : g.minimum(g.maximum(own, bounds.low), bounds.high),
    back: (arriving) => {
      const inside = bounds === null ? arriving : insideOnly(g, own, bounds, arriving);
      const start =
        fit.begin === null
          ? g.reshape(inside, whole.shape)
          : g.pad(inside, around(whole.shape, inside.shape, fit.begin));
      const route = { from: fit.layer, to: NETWORK_INPUT };
      const { atEnd } = backwardPass(g, forward, route, start, (step) => gradientStep(g, step));
      return atEnd ?? g.sub(code, code);
    },
  };
}

interface Bounds {
  readonly low: Value;
  readonly high: Value;
}

function boundInputs(g: GraphBuilder, inputShape: Shape): Bounds {
  return { low: g.input(INPUTS.low, [1, ...inputShape]), high: g.input(INPUTS.high, [1, ...inputShape]) };
}

function insideOnly(g: GraphBuilder, x: Value, { low, high }: Bounds, arriving: Value): Value {
  const inside = g.logicalAnd(g.greaterEqual(x, low), g.greaterEqual(high, x));
  return g.where(inside, arriving, g.scalar(0));
}

/** Padding that puts a block back where it was cut out. */
function around(outer: Shape, inner: Shape, begin: Shape): readonly (readonly [number, number])[] {
  return outer.map((side, axis) => {
    const before = axis === 0 ? 0 : (begin[axis - 1] ?? 0);
    return [before, axis === 0 ? 0 : side - (inner[axis] ?? 0) - before];
  });
}
