import type { LrnLayer } from '../../../models/network.ts';
import { BATCH, type PoolAttributes, type Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';

/** What a local response normalisation divides by, and how windows spread back. */
export interface LrnWindows {
  /** s_i: k + (α/n) Σ over the channel window, or 1 + (α/n²) Σ over the spatial one; padding counts. */
  readonly s: Value;
  /** α over the number of cells of a window. */
  readonly rate: number;
  /** Σ over the windows that hold a place: the adjoint of the window sum. */
  spread(value: Value): Value;
}

export function lrnWindows(g: GraphBuilder, layer: LrnLayer, x: Value): LrnWindows {
  return layer.region === 'across' ? acrossChannels(g, layer, x) : withinChannel(g, layer, x);
}

/** y_i = x_i s_i^−β. */
export function normalise(g: GraphBuilder, layer: LrnLayer, x: Value): Value {
  return g.mul(x, g.pow(lrnWindows(g, layer, x).s, g.scalar(-layer.beta)));
}

/** ∂f/∂x_j = r_j s_j^−β − 2β·rate·x_j Σ_i r_i x_i s_i^(−β−1), i over the windows that hold j. */
export function normaliseBackward(g: GraphBuilder, layer: LrnLayer, x: Value, r: Value): Value {
  const { s, rate, spread } = lrnWindows(g, layer, x);
  const own = g.mul(r, g.pow(s, g.scalar(-layer.beta)));
  const others = spread(g.mul(g.mul(r, x), g.pow(s, g.scalar(-layer.beta - 1))));
  return g.sub(own, g.mul(g.scalar(2 * layer.beta * rate), g.mul(x, others)));
}

function acrossChannels(g: GraphBuilder, { size, alpha, k }: LrnLayer, x: Value): LrnWindows {
  const [, channels = 0, height = 0, width = 0] = x.shape;
  const before = Math.floor((size - 1) / 2);
  const windows: PoolAttributes = { kernel: [size, 1], stride: [1, 1], padding: [before, 0, size - 1 - before, 0] };
  const flat = (value: Value) => g.reshape(value, [BATCH, 1, channels, height * width]);
  const back = (value: Value) => g.reshape(value, [BATCH, channels, height, width]);
  const mean = back(g.avgPool2d(flat(g.square(x)), windows));
  return {
    s: g.add(g.scalar(k), g.mul(g.scalar(alpha), mean)),
    rate: alpha / size,
    spread: (value) =>
      g.mul(g.scalar(size), back(g.avgPool2dBackward(flat(value), windows, [channels, height * width]))),
  };
}

function withinChannel(g: GraphBuilder, { size, alpha }: LrnLayer, x: Value): LrnWindows {
  const [, , height = 0, width = 0] = x.shape;
  const before = Math.floor((size - 1) / 2);
  const after = size - 1 - before;
  const windows: PoolAttributes = { kernel: [size, size], stride: [1, 1], padding: [before, before, after, after] };
  return {
    s: g.add(g.scalar(1), g.mul(g.scalar(alpha), g.avgPool2d(g.square(x), windows))),
    rate: alpha / (size * size),
    spread: (value) => g.mul(g.scalar(size * size), g.avgPool2dBackward(value, windows, [height, width])),
  };
}
