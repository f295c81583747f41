import { isSameShape } from '../../shapes.ts';
import { type Shape, sizeOf } from '../../tensors/tensor.ts';
import { importError, quoted } from '../faults.ts';
import type { Layers } from './layers.ts';
import type { Onnx } from './proto.ts';
import { kindOf, typeName } from './tensors.ts';
import type { Computed } from './values.ts';

/** Sides of the input as the file declares them; null where it leaves them open. */
type OpenShape = readonly (number | null)[];

/** What a file declares of its input. */
export interface DeclaredInput {
  readonly name: string;
  /** With the batch; null when the file does not say. */
  readonly shape: OpenShape | null;
}

/** @throws ElucidError `model-failed` when the input is no tensor of floats. */
export function declaredInput({ name, type }: Onnx.IValueInfoProto): DeclaredInput {
  const tensor = type?.tensorType;
  const dataType = tensor?.elemType ?? 0;
  if (kindOf(dataType) !== 'float') {
    throw importError(`the input ${quoted(name ?? '')} takes ${typeName(dataType)}; it must be a tensor of floats`);
  }
  const sides = tensor?.shape?.dim?.map(({ dimValue }) => {
    const side = Number(dimValue ?? 0);
    return side > 0 ? side : null;
  });
  return { name: name ?? '', shape: sides ?? null };
}

/**
 * The network's input as the graph takes it. Where the file has the channels last, [N, H, W, C], the manifest's
 * [C, H, W] is turned; a gray image may lack its channel or be a vector there.
 * @throws ElucidError `model-failed` when the manifest's shape is another one.
 */
export function inputValue({ name, shape: declared }: DeclaredInput, stated: Shape, layers: Layers): Computed {
  const input: Computed = { kind: 'computed', index: -1, shape: stated, signal: false };
  if (declared === null) return input;
  const wanted = declared.slice(1);
  if (matches(stated, wanted)) return input;
  const rank = stated.length;
  const channelsLast = [...stated.slice(1), ...stated.slice(0, 1)];
  if (rank > 1 && matches(channelsLast, wanted)) {
    const order = Array.from({ length: rank }, (_, axis) => (axis + 1) % rank);
    return layers.permute('input/channels-last', input, order);
  }
  const closed = wanted.filter((side) => side !== null);
  if (closed.length === wanted.length && closed.length > 0 && isSameSequence(stated, closed)) {
    return layers.reshape('input/reshape', input, closed);
  }
  throw importError(
    `the manifest states the input shape ${show(stated)}, the input ${quoted(name)} of the file takes ` +
      `${show(declared)}, the batch first`,
  );
}

function matches(shape: Shape, wanted: OpenShape): boolean {
  return shape.length === wanted.length && wanted.every((side, axis) => side === null || side === shape[axis]);
}

/** Whether two shapes differ in axes of one place only, or one is the vector of a gray image. */
function isSameSequence(stated: Shape, wanted: Shape): boolean {
  if (sizeOf(stated) !== sizeOf(wanted)) return false;
  const long = (shape: Shape) => shape.filter((side) => side !== 1);
  const isVector = long(wanted).length <= 1 && (stated.length !== 3 || stated[0] === 1);
  return isVector || isSameShape(long(stated), long(wanted));
}

function show(shape: OpenShape): string {
  return `[${shape.map((side) => side ?? 'any').join(', ')}]`;
}
