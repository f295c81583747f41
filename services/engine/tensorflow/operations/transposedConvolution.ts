import * as tf from '@tensorflow/tfjs-core';
import type { ConvAttributes, Padding, Pair, Value } from '../../graph.ts';
import { arrange, arranged, CHANNELS_LAST, type Form, prepared } from '../layout.ts';
import { dimensionsOf, image, inputOf, type LayoutOf, type Operand, type Step } from '../step.ts';
import { blockAlong, padOrCrop } from './blocks.ts';
import { convolve, depthwise } from './convolution.ts';
import { dilated, phaseFilter, phasesToImage } from './phases.ts';

type Transposed = ConvAttributes & { readonly outputSize: Pair };

/**
 * `conv2dTranspose` [x, w]: output y[s·J + r] = Σ_q x[J − q] w[s·q + r], one stride-1 convolution that computes all
 * phases r. TensorFlow's own kernel knows no dilation, and on wasm takes 3 to 5 times as long.
 */
export function conv2dTranspose(value: Value, operation: Transposed, layoutOf: LayoutOf): Step {
  const weights = inputOf(value, 1);
  const x: Operand = { value: inputOf(value, 0), form: arranged(CHANNELS_LAST) };
  const isDepthwise = operation.groups > 1 && dimensionsOf(weights)[1] === 1;
  const forms = filterForms(weights, operation, isDepthwise ? 1 : operation.groups);
  const filters = forms.map((form): Operand => ({ value: weights, form }));
  const compute = isDepthwise ? transposeDepthwise : transposeGroups;
  return {
    operands: [x, ...filters],
    run: (tensor) =>
      arrange(compute(image(tensor(x)), filters.map(tensor).map(image), operation), CHANNELS_LAST, layoutOf(value)),
  };
}

function filterForms(weights: Value, { stride, dilation }: Transposed, parts: number): readonly Form[] {
  const perPart = dimensionsOf(weights)[0] / parts;
  return Array.from({ length: parts }, (_, part) =>
    prepared([2, 3, 0, 1], `phases ${stride.join()} zeros ${dilation.join()} group ${part} of ${parts}`, (w) =>
      phaseFilter(dilated(blockAlong(w, 2, part * perPart, perPart), dilation), stride),
    ),
  );
}

function transposeGroups(x: tf.Tensor4D, filters: readonly tf.Tensor4D[], operation: Transposed): tf.Tensor4D {
  const parts = filters.map((filter, group) => {
    const part = image(blockAlong(x, 3, group * filter.shape[2], filter.shape[2]));
    const phases = convolve(part, filter, [1, 1], phasePadding(x, filter, operation), [1, 1]);
    return phasesToImage(phases, operation.stride);
  });
  return cut(parts.length === 1 && parts[0] !== undefined ? parts[0] : tf.concat(parts, 3), operation);
}

/** One input channel per group: the m output channels of a group are spread on their own, then added. */
function transposeDepthwise(x: tf.Tensor4D, filters: readonly tf.Tensor4D[], operation: Transposed): tf.Tensor4D {
  const { groups, stride } = operation;
  const phaseCount = stride[0] * stride[1];
  const parts = filters.map((filter) => {
    const spreadOut = depthwise(x, filter, [1, 1], phasePadding(x, filter, operation));
    const [batch, height, width] = spreadOut.shape;
    const split = tf.reshape(spreadOut, [batch * height * width, groups, x.shape[3] / groups, phaseCount]);
    const phases = tf.transpose(tf.sum(split, 2), [0, 2, 1]);
    return phasesToImage(tf.reshape(phases, [batch, height, width, phaseCount * groups]), stride);
  });
  return cut(tf.concat(parts, 3), operation);
}

/** First block, and number of blocks, that the cut-out output lies in. */
function blocks(operation: Transposed, axis: 0 | 1): { first: number; count: number } {
  const [before, stride] = [operation.padding[axis], operation.stride[axis]];
  const first = Math.floor(before / stride);
  return { first, count: Math.floor((before + operation.outputSize[axis] - 1) / stride) - first + 1 };
}

function phasePadding(x: tf.Tensor4D, filter: tf.Tensor4D, operation: Transposed): Padding {
  const along = (axis: 0 | 1): Pair => {
    const { first, count } = blocks(operation, axis);
    const [size, overlap] = [axis === 0 ? x.shape[1] : x.shape[2], filter.shape[axis] - 1];
    return [overlap - first, count + first - size];
  };
  const [vertical, horizontal] = [along(0), along(1)];
  return [vertical[0], horizontal[0], vertical[1], horizontal[1]];
}

/** The output without the padding of the convolution, and without what its last block holds too much. */
function cut(phases: tf.Tensor4D, operation: Transposed): tf.Tensor4D {
  const along = (axis: 0 | 1): Pair => {
    const { first, count } = blocks(operation, axis);
    const [stride, size] = [operation.stride[axis], operation.outputSize[axis]];
    const before = operation.padding[axis] - first * stride;
    return [-before, before + size - count * stride];
  };
  const [vertical, horizontal] = [along(0), along(1)];
  return padOrCrop(phases, [vertical[0], horizontal[0], vertical[1], horizontal[1]]);
}
