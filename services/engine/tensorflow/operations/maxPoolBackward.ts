import * as tf from '@tensorflow/tfjs-core';
import type { Pair, PoolAttributes, Value } from '../../graph.ts';
import { arrange, arranged, CHANNELS_LAST } from '../layout.ts';
import { image, inputOf, type LayoutOf, type Operand, type Step } from '../step.ts';
import { block, padOrCrop } from './blocks.ts';
import { joinPhases, splitPhases } from './phases.ts';
import { poolMax } from './pooling.ts';

/**
 * `maxPool2dBackward` [x, r]: r goes to the first maximum, row by row, of each window of x and is added where windows
 * overlap. Composed of plain operations, offset by offset in the window: which of two maxima TensorFlow's MaxPoolGrad
 * takes is not stated, and on wasm it takes the first cell of a window without positive values.
 */
export function maxPool2dBackward(value: Value, operation: PoolAttributes, layoutOf: LayoutOf): Step {
  const x: Operand = { value: inputOf(value, 0), form: arranged(CHANNELS_LAST) };
  const relevance: Operand = { value: inputOf(value, 1), form: arranged(CHANNELS_LAST) };
  return {
    operands: [x, relevance],
    run: (tensor) =>
      arrange(routeToMaxima(image(tensor(x)), image(tensor(relevance)), operation), CHANNELS_LAST, layoutOf(value)),
  };
}

function routeToMaxima(x: tf.Tensor4D, relevance: tf.Tensor4D, operation: PoolAttributes): tf.Tensor4D {
  const { kernel, stride, padding } = operation;
  const [, height, width] = x.shape;
  const [, windowsDown, windowsAcross] = relevance.shape;
  const down = windowsDown + Math.ceil(kernel[0] / stride[0]) - 1;
  const across = windowsAcross + Math.ceil(kernel[1] / stride[1]) - 1;
  const [top, left] = padding;
  const bottom = down * stride[0] - top - height;
  const right = across * stride[1] - left - width;
  const padded = padOrCrop(x, [top, left, bottom, right], Number.NEGATIVE_INFINITY);
  const shares = sharesByPhase(padded, poolMax(x, operation), relevance, operation);
  return padOrCrop(joinPhases(shares, stride), [-top, -left, -bottom, -right]);
}

/** What every phase of the padded x receives, columns before rows. */
function sharesByPhase(
  padded: tf.Tensor4D,
  maxima: tf.Tensor4D,
  relevance: tf.Tensor4D,
  { kernel, stride }: PoolAttributes,
): readonly tf.Tensor4D[] {
  const phases = splitPhases(padded, stride);
  const [batch, , , channels] = padded.shape;
  const blocks: Pair = [padded.shape[1] / stride[0], padded.shape[2] / stride[1]];
  const nothing = tf.zeros<tf.Rank.R4>([batch, blocks[0], blocks[1], channels]);
  const shares = Array.from({ length: stride[0] * stride[1] }, () => nothing);
  let untaken: tf.Tensor = tf.onesLike(maxima);
  for (let row = 0; row < kernel[0]; row++) {
    for (let column = 0; column < kernel[1]; column++) {
      const phase: Pair = [row % stride[0], column % stride[1]];
      const shift: Pair = [Math.floor(row / stride[0]), Math.floor(column / stride[1])];
      const lower = tf.step(tf.sub(maxima, windowsAt(phases, phase, shift, maxima)));
      const hit = tf.sub(untaken, tf.mul(untaken, lower));
      untaken = tf.sub(untaken, hit);
      const index = phase[1] * stride[0] + phase[0];
      shares[index] = tf.add(shares[index] ?? nothing, shifted(tf.mul(hit, relevance), shift, blocks));
    }
  }
  return shares;
}

/** The values at one offset of all windows, shaped like the maxima. */
function windowsAt(phases: tf.Tensor, phase: Pair, shift: Pair, maxima: tf.Tensor4D): tf.Tensor {
  const [batch, height, width, channels] = maxima.shape;
  const taken = block(
    phases,
    [phase[1], phase[0], 0, shift[0], shift[1] * channels],
    [1, 1, batch, height, width * channels],
  );
  return tf.reshape(taken, [batch, height, width, channels]);
}

function shifted(share: tf.Tensor, [down, across]: Pair, [height, width]: Pair): tf.Tensor4D {
  const [, rows, columns] = image(share).shape;
  return padOrCrop(image(share), [down, across, height - rows - down, width - columns - across]);
}
