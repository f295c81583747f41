import { z } from 'zod';
import { type Shape, sizeOf } from '../../tensors/tensor.ts';
import { importError } from '../faults.ts';
import type { Building } from './reader.ts';
import { type KerasValue, plainValue } from './values.ts';

const batchShape = z.array(z.int().positive().nullable()).min(2).max(5);
const inputSchema = z.object({ batch_input_shape: batchShape.nullish(), batch_shape: batchShape.nullish() });

type OpenShape = readonly (number | null)[];

/** The shape, without the batch, that a layer's configuration declares for the model's input; null when it has none. */
export function declaredInput(config: unknown): OpenShape | null {
  const result = inputSchema.safeParse(config);
  return (result.success ? (result.data.batch_input_shape ?? result.data.batch_shape)?.slice(1) : null) ?? null;
}

/**
 * The network's input as the model takes it. A model that takes a gray image without its channel, or as a vector, gets
 * it reshaped.
 * @throws ElucidError `model-failed` when the manifest's shape is another one.
 */
export function inputValue(declared: OpenShape, building: Building): KerasValue {
  const { draft, channelsLast } = building;
  const stated = draft.inputShape;
  const wanted = channelsLast && declared.length === 3 ? [2, 0, 1].map((axis) => declared[axis] ?? null) : declared;
  if (matches(stated, wanted)) return plainValue(-1, stated);
  const shape = wanted.filter((side) => side !== null);
  if (shape.length < wanted.length || !isSameSequence(stated, shape)) {
    const given = `[${declared.map((side) => side ?? 'any').join(', ')}]`;
    throw importError(`the manifest states the input shape [${stated.join(', ')}], the model takes ${given}`);
  }
  return plainValue(draft.add({ type: 'reshape', name: 'input/reshape', inputs: [-1], shape }), shape);
}

function matches(shape: Shape, wanted: OpenShape): boolean {
  return shape.length === wanted.length && wanted.every((side, axis) => side === null || side === shape[axis]);
}

/** Whether an image of one channel is the same sequence of numbers in both shapes. */
function isSameSequence(stated: Shape, wanted: Shape): boolean {
  const isGray = stated.length !== 3 || stated[0] === 1;
  return isGray && wanted.length !== 3 && sizeOf(stated) === sizeOf(wanted);
}
