import * as tf from '@tensorflow/tfjs-core';
import type { Pair } from '../../graph.ts';
import { image } from '../step.ts';
import { spread } from './blocks.ts';

/*
 * A strided convolution reads, and its adjoint writes, position Y = s·J + r: block J, phase r < s. Taken phase by phase
 * the windows have stride 1, so that nothing is computed on the zeros that a stride would insert.
 */

/** The phases of an NHWC image as neighbouring channels → the image: [N, Jh, Jw, (sh, sw, C)] → [N, Jh·sh, Jw·sw, C]. */
export function phasesToImage(x: tf.Tensor4D, [rows, columns]: Pair): tf.Tensor4D {
  const [batch, height, width, depth] = x.shape;
  const channels = depth / (rows * columns);
  const split = tf.reshape(x, [batch * height, width, rows, columns * channels]);
  return tf.reshape(tf.transpose(split, [0, 2, 1, 3]), [batch, height * rows, width * columns, channels]);
}

/** The phases of an NHWC image [N, Jh·sh, Jw·sw, C], columns before rows: [sw, sh, N, Jh, Jw·C]. */
export function splitPhases(x: tf.Tensor4D, [rows, columns]: Pair): tf.Tensor {
  const [batch, height, width, channels] = x.shape;
  const [blocksDown, blocksAcross] = [height / rows, width / columns];
  const byRow = tf.transpose(tf.reshape(x, [batch, blocksDown, rows, width * channels]), [2, 0, 1, 3]);
  const lines = rows * batch * blocksDown;
  const byColumn = tf.transpose(tf.reshape(byRow, [lines, blocksAcross, columns, channels]), [2, 0, 1, 3]);
  return tf.reshape(byColumn, [columns, rows, batch, blocksDown, blocksAcross * channels]);
}

/** The inverse of `splitPhases`: phases [N, Jh, Jw, C], columns before rows → [N, Jh·sh, Jw·sw, C]. */
export function joinPhases(phases: readonly tf.Tensor4D[], [rows, columns]: Pair): tf.Tensor4D {
  const [first] = phases;
  if (first === undefined) throw new RangeError('an image has at least one phase');
  const [batch, height, width, channels] = first.shape;
  const all = tf.reshape(tf.concat([...phases], 0), [columns, rows * batch * height, width, channels]);
  const lines = tf.reshape(tf.transpose(all, [1, 2, 0, 3]), [rows, batch, height, width * columns * channels]);
  return tf.reshape(tf.transpose(lines, [1, 2, 0, 3]), [batch, height * rows, width * columns, channels]);
}

/**
 * The weights [kh, kw, O, C] of a convolution → those of the stride-1 convolution that computes all phases of its
 * adjoint: [⌈kh/sh⌉, ⌈kw/sw⌉, O, (sh, sw, C)], flipped.
 */
export function phaseFilter(weights: tf.Tensor4D, [rows, columns]: Pair): tf.Tensor4D {
  const [height, width, outputs, channels] = weights.shape;
  const [down, across] = [Math.ceil(height / rows), Math.ceil(width / columns)];
  const whole = tf.pad(weights, [
    [0, down * rows - height],
    [0, across * columns - width],
    [0, 0],
    [0, 0],
  ]);
  const flipped = tf.reverse(tf.reshape(whole, [down, rows, across, columns * outputs * channels]), [0, 2]);
  const taps = tf.reshape(tf.transpose(flipped, [0, 2, 1, 3]), [down * across, rows * columns, outputs, channels]);
  return tf.reshape(tf.transpose(taps, [0, 2, 1, 3]), [down, across, outputs, rows * columns * channels]);
}

/** A kernel [kh, kw, ., .] with the zeros of its dilation written out. */
export function dilated(kernel: tf.Tensor, [down, across]: Pair): tf.Tensor4D {
  return image(spread(spread(kernel, 0, down), 1, across));
}
