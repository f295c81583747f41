import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '../../../../models/tensors/tensor.ts';
import type { Pair, Value } from '../../graph.ts';
import { arrange, arranged, canonical } from '../layout.ts';
import { inputOf, type LayoutOf, type Operand, type Step, unaryStep } from '../step.ts';
import { block } from './blocks.ts';

/** `reshape` [x]; a leading `BATCH` is −1 to TensorFlow too. */
export function reshape(value: Value, { shape }: { readonly shape: Shape }, layoutOf: LayoutOf): Step {
  const x = inputOf(value, 0);
  return unaryStep(x, arranged(canonical(x.shape.length)), (tensor) =>
    arrange(tf.reshape(tensor, [...shape]), canonical(shape.length), layoutOf(value)),
  );
}

/** `transpose` [x]: nothing but another arrangement of x. */
export function transpose(value: Value, { order }: { readonly order: readonly number[] }, layoutOf: LayoutOf): Step {
  const source = layoutOf(value).map((axis) => order[axis] ?? axis);
  return unaryStep(inputOf(value, 0), arranged(source), (tensor) => tensor);
}

export function concat(value: Value, { axis }: { readonly axis: number }, layoutOf: LayoutOf): Step {
  const layout = layoutOf(value);
  const operands = value.inputs.map((input): Operand => ({ value: input, form: arranged(layout) }));
  return { operands, run: (tensor) => tf.concat(operands.map(tensor), layout.indexOf(axis)) };
}

export function slice(
  value: Value,
  { begin, size }: { readonly begin: readonly number[]; readonly size: readonly number[] },
  layoutOf: LayoutOf,
): Step {
  const layout = layoutOf(value);
  return unaryStep(inputOf(value, 0), arranged(layout), (x) =>
    block(
      x,
      layout.map((axis) => begin[axis] ?? 0),
      layout.map((axis, held) => ((size[axis] ?? -1) < 0 ? (x.shape[held] ?? 1) : (size[axis] ?? 1))),
    ),
  );
}

export function pad(value: Value, { padding }: { readonly padding: readonly Pair[] }, layoutOf: LayoutOf): Step {
  const layout = layoutOf(value);
  const amounts = layout.map((axis): [number, number] => [padding[axis]?.[0] ?? 0, padding[axis]?.[1] ?? 0]);
  return unaryStep(inputOf(value, 0), arranged(layout), (x) => tf.pad(x, amounts));
}

export function reverse(value: Value, { axes }: { readonly axes: readonly number[] }, layoutOf: LayoutOf): Step {
  const layout = layoutOf(value);
  return unaryStep(inputOf(value, 0), arranged(layout), (x) =>
    axes.length === 0
      ? x
      : tf.reverse(
          x,
          axes.map((axis) => layout.indexOf(axis)),
        ),
  );
}
