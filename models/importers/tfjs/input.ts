import { z } from 'zod';
import { type Shape, sizeOf } from '../../tensors/tensor.ts';
import { importError } from '../faults.ts';
import type { Building } from './reader.ts';
import { type KerasValue, plainValue } from './values.ts';

const batchShape = z.array(z.int().positive().nullable()).min(2).max(5);
const inputSchema = z.object({ batch_input_shape: batchShape.nullish(), batch_shape: batchShape.nullish() });

/** Without the batch; null where any side will do. */
export type OpenShape = readonly (number | null)[];

type Entrance = Pick<Building, 'draft' | 'channelsLast' | 'signals'>;

/** The shape, without the batch, that a layer's configuration declares for the model's input; null when it has none. */
export function declaredInput(config: unknown): OpenShape | null {
  const result = inputSchema.safeParse(config);
  return (result.success ? (result.data.batch_input_shape ?? result.data.batch_shape)?.slice(1) : null) ?? null;
}

/**
 * The network's input as the model takes it. A model that takes a gray image without its channel, or as a vector, gets
 * it reshaped; one that takes a signal gets [C, L] as an image of one row.
 * @throws ElucidError `model-failed` when the manifest's shape is another one.
 */
export function inputValue(declared: OpenShape, building: Entrance): KerasValue {
  const { draft, channelsLast, signals } = building;
  const stated = draft.inputShape;
  const wanted = channelsLast ? channelsFirst(declared, signals) : declared;
  if (signals && declared.length === 2) return signalValue(wanted, declared, building);
  if (matches(stated, wanted)) return plainValue(-1, stated);
  const shape = wanted.filter((side) => side !== null);
  if (shape.length < wanted.length || !isSameSequence(stated, shape)) throw misfit(stated, declared, wanted);
  return plainValue(draft.add({ type: 'reshape', name: 'input/reshape', inputs: [-1], shape }), shape);
}

/** Whether the manifest's shape is what a model takes whose images or signals have their channels last, or first. */
export function fitsInput(
  stated: Shape,
  declared: OpenShape,
  { channelsLast, signals }: Omit<Entrance, 'draft'>,
): boolean {
  return matches(stated, channelsLast ? channelsFirst(declared, signals) : declared);
}

/** Images [H, W, C] and signals [L, C] in our order. */
function channelsFirst(declared: OpenShape, signals: boolean): OpenShape {
  if (declared.length !== 3 && !(signals && declared.length === 2)) return declared;
  return [...declared.slice(-1), ...declared.slice(0, -1)];
}

/** A signal that comes as [C, L], as [L] with one channel, or, where its steps are the rows of a picture, as [1, L, C]. */
function signalValue(wanted: OpenShape, declared: OpenShape, { draft, channelsLast }: Entrance): KerasValue {
  const stated = draft.inputShape;
  const [channels = null, steps = null] = wanted;
  const input = { inputs: [-1], name: 'input/reshape' } as const;
  const signal = (index: number): KerasValue => ({ ...plainValue(index, draft.shapeOf(index)), signal: true });
  if (matches(stated, wanted)) {
    const [c = 0, l = 0] = stated;
    return signal(draft.add({ type: 'reshape', ...input, shape: [c, 1, l] }));
  }
  if (channelsLast && matches(stated, [1, ...declared])) {
    return signal(draft.add({ type: 'permute', ...input, name: 'input/permute', order: [2, 0, 1] }));
  }
  if (channels === 1 && stated.length === 1 && matches(stated, [steps])) {
    return signal(draft.add({ type: 'reshape', ...input, shape: [1, 1, ...stated] }));
  }
  throw misfit(stated, declared, wanted);
}

function misfit(stated: Shape, declared: OpenShape, wanted: OpenShape): Error {
  const show = (shape: OpenShape) => `[${shape.map((side) => side ?? 'any').join(', ')}]`;
  const here = wanted === declared ? '' : `, that is ${show(wanted)} with channels first`;
  return importError(`the manifest states the input shape ${show(stated)}, the model takes ${show(declared)}${here}`);
}

function matches(shape: Shape, wanted: OpenShape): boolean {
  return shape.length === wanted.length && wanted.every((side, axis) => side === null || side === shape[axis]);
}

/** Whether an image of one channel is the same sequence of numbers in both shapes. */
function isSameSequence(stated: Shape, wanted: Shape): boolean {
  const isGray = stated.length !== 3 || stated[0] === 1;
  return isGray && wanted.length !== 3 && sizeOf(stated) === sizeOf(wanted);
}
