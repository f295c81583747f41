import * as tf from '@tensorflow/tfjs-core';
import type { ConvAttributes, Padding, Pair, Value } from '../../graph.ts';
import { arrange, arranged, CHANNELS_LAST, type Form, prepared } from '../layout.ts';
import { dimensionsOf, image, inputOf, type LayoutOf, type Operand, type Step } from '../step.ts';
import { blockAlong, padOrCrop } from './blocks.ts';
import { dilated } from './phases.ts';

/** OIHW → HWIO, as TensorFlow wants weights. */
const FILTER_ORDER = [2, 3, 1, 0];

/** `conv2d` [x, w] or [x, w, bias]. */
export function conv2d(value: Value, operation: ConvAttributes, layoutOf: LayoutOf): Step {
  const x: Operand = { value: inputOf(value, 0), form: arranged(CHANNELS_LAST) };
  const filters = filterForms(inputOf(value, 1), operation).map((form) => ({ value: inputOf(value, 1), form }));
  const bias = value.inputs.slice(2).map((input): Operand => ({ value: input, form: arranged([0]) }));
  const convolve = isDepthwise(inputOf(value, 1), operation) ? convolveDepthwise : convolveGroups;
  return {
    operands: [x, ...filters, ...bias],
    run: (tensor) => {
      const weighted = convolve(image(tensor(x)), filters.map(tensor).map(image), operation);
      const biased = bias.reduce<tf.Tensor>((sum, operand) => tf.add(sum, tensor(operand)), weighted);
      return arrange(biased, CHANNELS_LAST, layoutOf(value));
    },
  };
}

/** TensorFlow's depthwise kernel takes one stride for both axes. */
function isDepthwise(weights: Value, { groups, stride }: ConvAttributes): boolean {
  return groups > 1 && dimensionsOf(weights)[1] === 1 && stride[0] === stride[1];
}

/**
 * A dilation as what is written into the kernel as zeros, and what is left to TensorFlow, which dilates only where the
 * stride is 1, and on some devices no depthwise kernels at all.
 */
function splitDilation({ stride, dilation }: ConvAttributes, depthwise: boolean): [written: Pair, left: Pair] {
  const native = !depthwise && stride[0] === 1 && stride[1] === 1;
  return native ? [[1, 1], dilation] : [dilation, [1, 1]];
}

function filterForms(weights: Value, operation: ConvAttributes): readonly Form[] {
  const [outputs] = dimensionsOf(weights);
  const { groups } = operation;
  const depthwise = isDepthwise(weights, operation);
  const [zeros] = splitDilation(operation, depthwise);
  const name = `zeros ${zeros.join()}`;
  if (depthwise) {
    return [
      prepared(FILTER_ORDER, `${name} depthwise ${groups}`, (w) => {
        const kernel = dilated(w, zeros);
        return tf.reshape(kernel, [kernel.shape[0], kernel.shape[1], groups, outputs / groups]);
      }),
    ];
  }
  const perGroup = outputs / groups;
  return Array.from({ length: groups }, (_, group) =>
    prepared(FILTER_ORDER, `${name} group ${group} of ${groups}`, (w) =>
      dilated(blockAlong(w, 3, group * perGroup, perGroup), zeros),
    ),
  );
}

function convolveGroups(x: tf.Tensor4D, filters: readonly tf.Tensor4D[], operation: ConvAttributes): tf.Tensor4D {
  const [, dilation] = splitDilation(operation, false);
  const parts = filters.map((filter, group) => {
    const channels = filter.shape[2];
    const part = image(blockAlong(x, 3, group * channels, channels));
    return convolve(part, filter, operation.stride, operation.padding, dilation);
  });
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : tf.concat(parts, 3);
}

function convolveDepthwise(x: tf.Tensor4D, filters: readonly tf.Tensor4D[], operation: ConvAttributes): tf.Tensor4D {
  const parts = filters.map((filter) => depthwise(x, filter, operation.stride, operation.padding));
  return tf.concat(parts, 3);
}

/** An NHWC image convolved with weights [kh, kw, I, O]; negative padding crops. */
export function convolve(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  stride: Pair,
  padding: Padding,
  dilation: Pair,
): tf.Tensor4D {
  const input = padOrCrop(x, cropOf(padding));
  return tf.conv2d(input, filter, [...stride], explicitPadding(padding), 'NHWC', [...dilation]);
}

/** Every channel of an NHWC image convolved with kernels of its own [kh, kw, C, m]; negative padding crops. */
export function depthwise(x: tf.Tensor4D, filter: tf.Tensor4D, stride: Pair, padding: Padding): tf.Tensor4D {
  return tf.depthwiseConv2d(padOrCrop(x, cropOf(padding)), filter, [...stride], explicitPadding(padding), 'NHWC');
}

function cropOf([top, left, bottom, right]: Padding): Padding {
  return [Math.min(top, 0), Math.min(left, 0), Math.min(bottom, 0), Math.min(right, 0)];
}

/** Never 'same': with it the wasm backend computes nonsense where a stride is longer than the kernel. */
function explicitPadding([top, left, bottom, right]: Padding): tf.backend_util.ExplicitPadding {
  return [
    [0, 0],
    [Math.max(top, 0), Math.max(bottom, 0)],
    [Math.max(left, 0), Math.max(right, 0)],
    [0, 0],
  ];
}
