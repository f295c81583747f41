import type { Pair } from '../../../network.ts';
import { ImportFault } from '../../faults.ts';
import { arranged, naturalOrder } from './arrangement.ts';
import type { GraphBuilding, Operation } from './operation.ts';
import { axisBehindBatch, computedInput, computedValue, integersInput } from './values.ts';
import { asImage, asImageOf, layoutOf, paddingOf, sidesIn } from './windows.ts';

type PoolType = 'maxPool2d' | 'avgPool2d';

/** TensorFlow's average divides by the real cells of a window; padding does not count. */
const NONE_COUNTED = [0, 0, 0, 0] as const;

function windowPooling(type: PoolType): Operation {
  return (node, inputs, building) => {
    const { name, attributes } = node;
    const layout = layoutOf(attributes);
    const image = asImage(name, computedInput(inputs, 0), layout, building);
    const [, height = 0, width = 0] = image.shape;
    const kernel = sidesIn(attributes, 'ksize', layout);
    const stride = sidesIn(attributes, 'strides', layout);
    const padding = paddingOf(node, layout, { kernel, stride, dilation: [1, 1] }, [height, width]);
    const windows = { name, inputs: [image.index], kernel, stride, padding };
    return asImageOf(pooled(type, windows, building), layout, building);
  };
}

/** One window over the whole of some axes, of which the channels are none. */
function reduction(type: PoolType): Operation {
  return ({ name, attributes }, inputs, building) => {
    const value = computedInput(inputs, 0);
    const rank = value.axes.length;
    const reduced = integersInput(inputs, 1).map((axis) => axisBehindBatch(axis, rank));
    const natural = naturalOrder(value, building);
    const first = natural.find((axis) => !reduced.includes(axis));
    if (first === undefined || rank > 3) {
      throw new ImportFault(`reduces ${reduced.length} of the ${rank} axes behind the batch, which is not supported`);
    }
    const order = [first, ...natural.filter((axis) => axis !== first)];
    const image = arranged(name, value, order, building.draft);
    const kernelAlong = (place: number) =>
      reduced.some((axis) => image.places[axis] === place) ? (image.shape[place] ?? 1) : 1;
    const kernel: Pair = [kernelAlong(1), kernelAlong(2)];
    const window = { name, inputs: [image.index], kernel, stride: [1, 1] as const, padding: NONE_COUNTED };
    if (image.shape.length !== 3) return value;
    const index = pooled(type, window, building);
    const kept = attributes.flag('keep_dims')
      ? image.places
      : image.places.filter((_, axis) => !reduced.includes(axis));
    return computedValue(index, building.draft.shapeOf(index), kept);
  };
}

interface Windows {
  readonly name: string;
  readonly inputs: readonly number[];
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: readonly [number, number, number, number];
}

function pooled(type: PoolType, windows: Windows, { draft }: GraphBuilding): number {
  return draft.add(type === 'maxPool2d' ? { type, ...windows } : { type, ...windows, counted: NONE_COUNTED });
}

export const POOLINGS: Readonly<Record<string, Operation>> = {
  MaxPool: windowPooling('maxPool2d'),
  AvgPool: windowPooling('avgPool2d'),
  Max: reduction('maxPool2d'),
  Mean: reduction('avgPool2d'),
};
