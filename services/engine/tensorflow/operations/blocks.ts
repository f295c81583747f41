import * as tf from '@tensorflow/tfjs-core';
import type { Padding } from '../../graph.ts';
import { image } from '../step.ts';

/** The block of `size` at `begin`. Axes taken whole are merged first: the wasm backend copies row by row. */
export function block(x: tf.Tensor, begin: readonly number[], size: readonly number[]): tf.Tensor {
  const merged: { begin: number; size: number; length: number }[] = [];
  for (const [axis, length] of x.shape.entries()) {
    const next = { begin: begin[axis] ?? 0, size: size[axis] ?? length, length };
    const before = merged.at(-1);
    if (before === undefined || next.size !== length) merged.push(next);
    else {
      before.begin *= length;
      before.size *= length;
      before.length *= length;
    }
  }
  if (merged.every((axis) => axis.size === axis.length)) return x;
  const flat = tf.reshape(
    x,
    merged.map((axis) => axis.length),
  );
  const taken = tf.slice(
    flat,
    merged.map((axis) => axis.begin),
    merged.map((axis) => axis.size),
  );
  return tf.reshape(taken, [...size]);
}

/** Indices from `begin` on along one axis. */
export function blockAlong(x: tf.Tensor, axis: number, begin: number, count: number): tf.Tensor {
  return block(
    x,
    x.shape.map((_, i) => (i === axis ? begin : 0)),
    x.shape.map((length, i) => (i === axis ? count : length)),
  );
}

/** An NHWC image with `value` around it; negative padding crops. */
export function padOrCrop(x: tf.Tensor4D, padding: Padding, value = 0): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const [top, left, bottom, right] = padding;
  const cut = (amount: number) => Math.max(-amount, 0);
  const cropped = image(
    block(
      x,
      [0, cut(top), cut(left), 0],
      [batch, height - cut(top) - cut(bottom), width - cut(left) - cut(right), channels],
    ),
  );
  const grow = (amount: number) => Math.max(amount, 0);
  if (padding.every((amount) => amount <= 0)) return cropped;
  return tf.pad(
    cropped,
    [
      [0, 0],
      [grow(top), grow(bottom)],
      [grow(left), grow(right)],
      [0, 0],
    ],
    value,
  );
}

/** Inserts `step − 1` zeros between neighbours along an axis. */
export function spread(x: tf.Tensor, axis: number, step: number): tf.Tensor {
  const count = x.shape[axis] ?? 1;
  if (step === 1 || count === 1) return x;
  const outer = x.shape.slice(0, axis);
  const inner = x.shape.slice(axis + 1);
  const rows = tf.reshape(x, [product(outer), count, 1, product(inner)]);
  const spaced = tf.pad(rows, [
    [0, 0],
    [0, 0],
    [0, step - 1],
    [0, 0],
  ]);
  return blockAlong(tf.reshape(spaced, [...outer, count * step, ...inner]), axis, 0, (count - 1) * step + 1);
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
