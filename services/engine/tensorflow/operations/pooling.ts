import * as tf from '@tensorflow/tfjs-core';
import type { Padding, Pair, PoolAttributes, Value } from '../../graph.ts';
import { arrange, arranged, CHANNELS_LAST } from '../layout.ts';
import { dimensionsOf, image, inputOf, type LayoutOf, type Operand, type Step, unaryStep } from '../step.ts';
import { padOrCrop, spread } from './blocks.ts';

/** `maxPool2d` [x]: padding is −∞. */
export function maxPool2d(value: Value, operation: PoolAttributes, layoutOf: LayoutOf): Step {
  return unaryStep(inputOf(value, 0), arranged(CHANNELS_LAST), (x) =>
    arrange(poolMax(image(x), operation), CHANNELS_LAST, layoutOf(value)),
  );
}

/** Largest value of every window of an NHWC image. */
export function poolMax(x: tf.Tensor4D, { kernel, stride, padding }: PoolAttributes): tf.Tensor4D {
  return tf.maxPool(padOrCrop(x, padding, Number.NEGATIVE_INFINITY), [...kernel], [...stride], 'valid');
}

/** `avgPool2d` [x]: padding is 0 and counts. */
export function avgPool2d(value: Value, { kernel, stride, padding }: PoolAttributes, layoutOf: LayoutOf): Step {
  return unaryStep(inputOf(value, 0), arranged(CHANNELS_LAST), (x) =>
    arrange(
      tf.avgPool(padOrCrop(image(x), padding), [...kernel], [...stride], 'valid'),
      CHANNELS_LAST,
      layoutOf(value),
    ),
  );
}

/** `avgPool2dBackward` [r]: every value spread evenly over its window = windows of stride 1 over r with zeros between. */
export function avgPool2dBackward(
  value: Value,
  operation: PoolAttributes & { readonly inputSize: Pair },
  layoutOf: LayoutOf,
): Step {
  const { kernel, stride, padding, inputSize } = operation;
  const relevance: Operand = { value: inputOf(value, 0), form: arranged(CHANNELS_LAST) };
  const [, , windowsDown, windowsAcross] = dimensionsOf(relevance.value);
  const along = (axis: 0 | 1, windows: number): Pair => {
    const before = kernel[axis] - 1 - padding[axis];
    return [before, inputSize[axis] + padding[axis] - (windows - 1) * stride[axis] - 1];
  };
  const [vertical, horizontal] = [along(0, windowsDown), along(1, windowsAcross)];
  const around: Padding = [vertical[0], horizontal[0], vertical[1], horizontal[1]];
  return {
    operands: [relevance],
    run: (tensor) => {
      const apart = image(spread(spread(tensor(relevance), 1, stride[0]), 2, stride[1]));
      const columns = tf.avgPool(padOrCrop(apart, around), [kernel[0], 1], 1, 'valid');
      return arrange(tf.avgPool(columns, [1, kernel[1]], 1, 'valid'), CHANNELS_LAST, layoutOf(value));
    },
  };
}
