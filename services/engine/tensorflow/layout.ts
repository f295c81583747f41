import * as tf from '@tensorflow/tfjs-core';

/** How a tensor's axes lie in memory: held axis i is axis `layout[i]` of the graph's value. */
export type Layout = readonly number[];

/** NHWC, for values that the graph writes NCHW. */
export const CHANNELS_LAST: Layout = [0, 2, 3, 1];

/** The order in which the graph writes a value's axes. */
export function canonical(rank: number): Layout {
  return Array.from({ length: rank }, (_, axis) => axis);
}

/** The same value in another layout; nothing is copied when only axes of length 1 move. */
export function arrange(tensor: tf.Tensor, from: Layout, to: Layout): tf.Tensor {
  const order = to.map((axis) => from.indexOf(axis));
  const moving = order.filter((axis) => tensor.shape[axis] !== 1);
  if (order.every((axis, i) => axis === i)) return tensor;
  if (moving.every((axis, i) => i === 0 || axis > (moving[i - 1] ?? -1))) {
    return tf.reshape(
      tensor,
      order.map((axis) => tensor.shape[axis] ?? 1),
    );
  }
  return tf.transpose(tensor, order);
}

/**
 * What an operation wants to be given of a value: its axes in some order, and perhaps prepared further (a
 * convolution's weights for one group, say). A form of a constant is computed once, when the graph is compiled.
 */
export interface Form {
  /** Unique among the forms of one value. */
  readonly key: string;
  readonly from: (held: tf.Tensor, layout: Layout) => tf.Tensor;
}

/** The value with its axes in this order. */
export function arranged(to: Layout): Form {
  return { key: to.join(''), from: (held, layout) => arrange(held, layout, to) };
}

/** The value with its axes in this order, then changed by `prepare`, of which `key` is the name. */
export function prepared(to: Layout, key: string, prepare: (tensor: tf.Tensor) => tf.Tensor): Form {
  return { key: `${to.join('')} ${key}`, from: (held, layout) => prepare(arrange(held, layout, to)) };
}
