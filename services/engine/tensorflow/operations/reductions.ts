import * as tf from '@tensorflow/tfjs-core';
import type { Value } from '../../graph.ts';
import { arrange, arranged, canonical, type Layout } from '../layout.ts';
import { inputOf, type LayoutOf, type Step, unaryStep } from '../step.ts';

interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** Reduces all of `axes`, which lie as the tensor is held, and drops them. */
type Reduce = (x: tf.Tensor, axes: readonly number[]) => tf.Tensor;

export const reduceSum = reduction(sumByAxis);
export const reduceMax = reduction((x, axes) => tf.max(x, [...axes]));

function reduction(reduce: Reduce) {
  return (value: Value, { axes, keepDims }: Reduction, layoutOf: LayoutOf): Step => {
    const x = inputOf(value, 0);
    const layout = layoutOf(x);
    const left = layout.filter((axis) => !axes.includes(axis));
    const ascending = [...left].sort((a, b) => a - b);
    const from: Layout = left.map((axis) => ascending.indexOf(axis));
    return unaryStep(x, arranged(layout), (tensor) => {
      if (axes.length === 0) return tensor;
      const reduced = reduce(
        tensor,
        layout.flatMap((axis, held) => (axes.includes(axis) ? [held] : [])),
      );
      if (!keepDims) return arrange(reduced, from, layoutOf(value));
      const shape = tensor.shape.map((length, held) => (axes.includes(layout[held] ?? -1) ? 1 : length));
      return arrange(tf.reshape(reduced, shape), layout, layoutOf(value));
    });
  };
}

/** Up to this many values are added one after another. */
const RUN = 128;

/**
 * Axis by axis, and long axes in blocks: the wasm kernel adds one value after another in float32, which loses three
 * digits over an image's worth of values.
 */
function sumByAxis(x: tf.Tensor, axes: readonly number[]): tf.Tensor {
  return [...axes].sort((a, b) => b - a).reduce(sumAlong, x);
}

function sumAlong(x: tf.Tensor, axis: number): tf.Tensor {
  const length = x.shape[axis] ?? 1;
  if (length <= RUN) return tf.sum(x, axis);
  const size = 2 ** Math.ceil(Math.log2(length) / 2);
  const blocks = Math.ceil(length / size);
  const padding = x.shape.map((_, i): [number, number] => [0, i === axis ? blocks * size - length : 0]);
  const split = [...x.shape.slice(0, axis), blocks, size, ...x.shape.slice(axis + 1)];
  return sumAlong(tf.sum(tf.reshape(tf.pad(x, padding), split), axis + 1), axis);
}

/** `softmax` [x] over the last axis. */
export function softmax(value: Value, _operation: unknown, layoutOf: LayoutOf): Step {
  const order = canonical(value.shape.length);
  return unaryStep(inputOf(value, 0), arranged(order), (x) => arrange(tf.softmax(x), order, layoutOf(value)));
}

/** `oneHotMax` [x]. TensorFlow does not say which of two equal maxima its ArgMax finds: the first is looked for here. */
export function oneHotMax(value: Value): Step {
  return unaryStep(inputOf(value, 0), arranged([0, 1]), (x) => {
    const classes = x.shape[1] ?? 1;
    const index = tf.reshape(tf.range(0, classes), [1, classes]);
    const lower = tf.cast(tf.less(x, tf.max(x, 1, true)), 'float32');
    const candidates = tf.add(index, tf.mul(lower, tf.scalar(classes)));
    return tf.cast(tf.equal(index, tf.min(candidates, 1, true)), 'float32');
  });
}
