import { isSameShape } from '../../shapes.ts';
import { arrayTensor, type Shape, sizeOf } from '../../tensors/tensor.ts';
import type { Draft, DraftBuilder, DraftSpec } from '../canonical/draft.ts';
import { importError } from '../faults.ts';
import { type Computed, drafted } from './values.ts';

type Arrangement =
  | { readonly type: 'permute'; readonly source: Computed; readonly order: readonly number[] }
  | { readonly type: 'reshape'; readonly source: number };

/** Parameters of an affine layer, one value per place along an axis. */
export interface AxisMap {
  readonly scale: Float32Array;
  readonly offset: Float32Array;
}

/**
 * Builds layers over values as the file has them. Exporters turn values around and back again: permutations of
 * permutations and reshapes of reshapes become one, or none.
 */
export class Layers {
  private readonly draft: DraftBuilder;
  private readonly arrangements = new Map<number, Arrangement>();
  private parametersLeft: number;

  /** @param parameters how many values the parameters of all layers may have together */
  constructor(draft: DraftBuilder, parameters: number) {
    this.draft = draft;
    this.parametersLeft = parameters;
  }

  /** @throws ElucidError when the layers have too many parameters, as when many share one weight. */
  add(layer: DraftSpec): number {
    this.parametersLeft -= parameterCount(layer);
    if (this.parametersLeft < 0)
      throw importError('the layers have many times more parameters than the file has values');
    return this.draft.add(layer);
  }

  shapeOf(index: number): Shape {
    return this.draft.shapeOf(index);
  }

  finish(output: number): Draft {
    return this.draft.finish(output);
  }

  /** The value that a layer computes from another one, of the same kind (an image, a signal, a vector). */
  derived(input: Computed, index: number): Computed {
    const shape = this.shapeOf(index);
    return { ...input, index, shape: input.signal ? [...shape.slice(0, 1), ...shape.slice(2)] : shape };
  }

  /** A value that has lost all axes but the batch is a vector of one here. */
  reshape(name: string, value: Computed, shape: Shape): Computed {
    const index = this.reshaped(name, value.index, shape.length === 0 ? [1] : shape);
    return { kind: 'computed', index, shape, signal: false };
  }

  permute(name: string, value: Computed, order: readonly number[]): Computed {
    const plain = this.plain(name, value);
    const before = this.arrangements.get(plain.index);
    if (before?.type === 'permute') {
      const composed = order.map((axis) => before.order[axis] ?? 0);
      return this.permuted(name, before.source, composed);
    }
    return this.permuted(name, plain, order);
  }

  /** A signal as an image of one row, an image as it is. */
  image(name: string, value: Computed): Computed {
    if (value.signal || value.shape.length !== 2) return value;
    const [channels = 0, steps = 0] = value.shape;
    const index = this.reshaped(`${name}/row`, value.index, [channels, 1, steps]);
    return { ...value, index, signal: true };
  }

  /** A value with the axes that it has in the file. */
  plain(name: string, value: Computed): Computed {
    return value.signal ? this.reshape(`${name}/signal`, value, value.shape) : value;
  }

  /** A layer that keeps the shape and works on the first axis, applied along another one. */
  along(axis: number, name: string, value: Computed, build: (input: Computed) => number): Computed {
    if (axis === 0) return { ...value, index: build(value) };
    const order = [axis, ...value.shape.keys()].filter((from, at) => at === 0 || from !== axis);
    const front = this.permute(`${name}/front`, value, order);
    const back = order.map((_, at) => order.indexOf(at));
    return this.permute(`${name}/back`, { ...front, index: build(front) }, back);
  }

  /** scale_i x + offset_i along one axis. */
  affine(axis: number, name: string, value: Computed, map: AxisMap): Computed {
    const scale = arrayTensor([map.scale.length], map.scale);
    const offset = arrayTensor([map.offset.length], map.offset);
    return this.along(axis, name, value, ({ index }) =>
      this.add({ type: 'affine', name, inputs: [index], scale, offset }),
    );
  }

  /** The block of a value that starts at `begin`. */
  crop(name: string, value: Computed, begin: readonly number[], shape: Shape): Computed {
    if (isSameShape(shape, value.shape)) return value;
    const index = this.add({
      type: 'crop',
      name,
      inputs: [value.index],
      begin: drafted(value, begin, 0),
      shape: drafted(value, shape, 1),
    });
    return { ...value, index, shape };
  }

  private permuted(name: string, value: Computed, order: readonly number[]): Computed {
    const shape = order.map((axis) => value.shape[axis] ?? 0);
    if (keepsSequence(order, value.shape)) return this.reshape(name, value, shape);
    const index = this.add({ type: 'permute', name, inputs: [value.index], order });
    this.arrangements.set(index, { type: 'permute', source: value, order });
    return { kind: 'computed', index, shape, signal: false };
  }

  private reshaped(name: string, index: number, shape: Shape): number {
    const before = this.arrangements.get(index);
    const source = before?.type === 'reshape' ? before.source : index;
    if (isSameShape(this.shapeOf(source), shape)) return source;
    const reshaped = this.add({ type: 'reshape', name, inputs: [source], shape });
    this.arrangements.set(reshaped, { type: 'reshape', source });
    return reshaped;
  }
}

/** Whether a permutation only moves axes of one place: the values stay in their order. */
function keepsSequence(order: readonly number[], shape: Shape): boolean {
  const long = order.filter((axis) => shape[axis] !== 1);
  return long.every((axis, at) => at === 0 || axis > (long[at - 1] ?? -1));
}

function parameterCount(layer: DraftSpec): number {
  if ('weight' in layer) return sizeOf(layer.weight.shape);
  return layer.type === 'affine' ? 2 * sizeOf(layer.scale.shape) : 0;
}
