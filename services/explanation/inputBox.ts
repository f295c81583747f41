import { layerAt, NETWORK_INPUT, type Network, shapeAt } from '../../models/network.ts';
import type { Bound, Box } from '../../models/preprocessing/pixels.ts';
import { type ArrayTensor, arrayTensor, type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import { ElucidError } from '../../schemas/errors.ts';
import type { Value } from '../engine/graph.ts';
import type { GraphBuilder } from '../engine/graphBuilder.ts';
import { applyLayer } from './layers/forward.ts';
import { isRouting } from './layers/routing.ts';

/** Bounds of a value in a graph. */
export interface BoxValues {
  readonly low: Value;
  readonly high: Value;
}

/** Relative excess over the box that is taken for rounding. */
const TOLERANCE = 1e-6;

/** Whether the bounds of the input can be followed to the input of a layer: through affine and index-moving layers. */
export function boxReaches(network: Network, index: number): boolean {
  return layerAt(network, index).inputs.every((input) => {
    if (input === NETWORK_INPUT) return true;
    const layer = layerAt(network, input);
    return (isRouting(layer) || layer.type === 'affine') && boxReaches(network, input);
  });
}

/** Follows the bounds of the network's input to the output of a layer that `boxReaches`. */
export function boxAt(g: GraphBuilder, network: Network, index: number, box: BoxValues): BoxValues {
  if (index === NETWORK_INPUT) return box;
  const layer = layerAt(network, index);
  const boxes = layer.inputs.map((input) => boxAt(g, network, input, box));
  const shape = shapeAt(network, layer.inputs[0] ?? NETWORK_INPUT);
  const low = applyLayer(
    g,
    layer,
    boxes.map((bounds) => bounds.low),
    shape,
  );
  const high = applyLayer(
    g,
    layer,
    boxes.map((bounds) => bounds.high),
    shape,
  );
  // A negative scale of an affine layer exchanges the bounds.
  return layer.type === 'affine' ? { low: g.minimum(low, high), high: g.maximum(low, high) } : { low, high };
}

/** A bound in the network's input shape: what broadcasts to it, times ones. */
export function broadcastBound(g: GraphBuilder, network: Network, bound: Value): Value {
  const size = sizeOf(network.inputShape);
  const ones = arrayTensor([1, ...network.inputShape], new Float32Array(size).fill(1));
  return g.mul(bound, g.constant(ones));
}

/** One side of a box as a tensor [1, ...] that broadcasts to inputs of a shape. */
export function boundTensor(bound: Bound, inputShape: Shape): ArrayTensor {
  if (typeof bound === 'number') return arrayTensor([1, ...inputShape.map(() => 1)], Float32Array.of(bound));
  if (bound instanceof Float32Array) return arrayTensor([1, ...inputShape], bound);
  const trailing = inputShape.slice(1).map(() => 1);
  return arrayTensor([1, bound.length, ...trailing], Float32Array.from(bound));
}

/** The box that lies in all of these boxes, element by element; null when there are none. */
export function intersection(boxes: readonly Box[], inputShape: Shape): Box | null {
  const [first = null, ...others] = boxes;
  if (others.length === 0) return first;
  const tightest = (side: 'low' | 'high', choose: (...bounds: number[]) => number) => {
    const bounds = boxes.map((box) => boundAt(box[side], sizeOf(inputShape)));
    return Float32Array.from({ length: sizeOf(inputShape) }, (_, i) => choose(...bounds.map((bound) => bound(i))));
  };
  return { low: tightest('low', Math.max), high: tightest('high', Math.min) };
}

/**
 * Checks l ≤ x ≤ h, up to 1e-6 of h − l.
 * @param input [N, ...shape]
 * @throws ElucidError `out-of-box`, naming the element that is farthest out
 */
export function checkInsideBox(input: ArrayTensor, box: Box): void {
  const size = sizeOf(input.shape.slice(1));
  const [low, high] = [boundAt(box.low, size), boundAt(box.high, size)];
  const block = Math.min(blockOf(box.low, size), blockOf(box.high, size));
  let worst = { excess: TOLERANCE, at: -1 };
  for (let from = 0; from < input.data.length; from += block) {
    const l = low(from % size);
    const h = high(from % size);
    const range = Math.abs(h - l);
    for (let i = from; i < from + block; i += 1) {
      const x = input.data[i] ?? 0;
      const excess = Math.max(l - x, x - h) / range;
      if (excess > worst.excess) worst = { excess, at: i };
    }
  }
  if (worst.at < 0) return;
  const allowed = `${low(worst.at % size)} to ${high(worst.at % size)}`;
  const place = positionOf(worst.at, input.shape).join(', ');
  throw new ElucidError(
    'out-of-box',
    `the input leaves the box of rule z-box: element [${place}] is ${input.data[worst.at]}, allowed is ${allowed}`,
    [{ pointer: '/input', detail: `element [${place}] is ${input.data[worst.at]}, allowed is ${allowed}` }],
  );
}

/** Moves every value into the box, in place. `values` is one input. */
export function clampToBox(values: Float32Array, box: Box): void {
  const [low, high] = [boundAt(box.low, values.length), boundAt(box.high, values.length)];
  for (let i = 0; i < values.length; i += 1) values[i] = Math.min(Math.max(values[i] ?? 0, low(i)), high(i));
}

/** How many elements one after another have the same bound. */
function blockOf(bound: Bound, size: number): number {
  return typeof bound === 'number' ? size : size / bound.length;
}

/** A bound by the index of an element. */
export function boundAt(bound: Bound, size: number): (element: number) => number {
  if (typeof bound === 'number') return () => bound;
  const block = blockOf(bound, size);
  return (element) => bound[Math.floor(element / block)] ?? 0;
}

function positionOf(index: number, shape: Shape): number[] {
  let rest = index;
  return shape
    .toReversed()
    .map((length) => {
      const place = rest % length;
      rest = Math.floor(rest / length);
      return place;
    })
    .toReversed();
}
