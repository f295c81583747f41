import { z } from 'zod';
import { isSameShape } from '../../shapes.ts';
import { type Shape, sizeOf } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { axisOf, cellsSchema, ignoredSchema, type LayerReader, listSchema, onlyInput, reader } from './reader.ts';

const flattenSchema = z.strictObject({ axis: z.int().default(1), end_axis: z.int().default(-1) });

const reshapeSchema = z.strictObject({
  shape: z.object({ dim: listSchema(z.int().min(-1)) }).default({ dim: [] }),
  axis: z.int().default(0),
  num_axes: z.int().min(-1).default(-1),
});

type Reshape = z.output<typeof reshapeSchema>;

const permuteSchema = z.strictObject({ order: listSchema(z.int().min(0)) });

const cropSchema = z.strictObject({ axis: z.int().default(2), offset: listSchema(cellsSchema) });

const dropoutSchema = z.strictObject({ dropout_ratio: ignoredSchema, scale_train: ignoredSchema });

/** Layers that change nothing but the shape, or nothing at all. */
export const SHAPING_READERS: Readonly<Record<string, LayerReader>> = {
  Flatten: reader('flatten_param', flattenSchema, ({ name, config }, inputs, { draft }) => {
    const input = onlyInput(inputs);
    const shape = draft.shapeOf(input);
    const [first, last] = [axisOf(config.axis, shape.length), axisOf(config.end_axis, shape.length)];
    if (first > last) throw new ImportFault(`axis ${config.axis} is behind end_axis ${config.end_axis}`);
    const flat = [...shape.slice(0, first), sizeOf(shape.slice(first, last + 1)), ...shape.slice(last + 1)];
    return draft.add({ type: 'reshape', name, inputs: [input], shape: flat });
  }),
  Reshape: reader('reshape_param', reshapeSchema, ({ name, config }, inputs, { draft, batch }) => {
    const input = onlyInput(inputs);
    const shape = reshaped(config, draft.shapeOf(input), batch);
    return draft.add({ type: 'reshape', name, inputs: [input], shape });
  }),
  Permute: reader('permute_param', permuteSchema, ({ name, config }, inputs, { draft }) => {
    const input = onlyInput(inputs);
    const axes = draft.shapeOf(input).length + 1;
    const rest = Array.from({ length: axes }, (_, axis) => axis).filter((axis) => !config.order.includes(axis));
    const order = [...config.order, ...rest];
    if (order.length !== axes || order[0] !== 0 || order.some((axis) => axis >= axes)) {
      throw new ImportFault(`order [${config.order.join(', ')}] of ${axes} axes: each once, and the batch, 0, first`);
    }
    return draft.add({ type: 'permute', name, inputs: [input], order: order.slice(1).map((axis) => axis - 1) });
  }),
  /** Cuts the first bottom to the sides of the second, from `axis` on. */
  Crop: reader('crop_param', cropSchema, ({ name, config }, inputs, { draft }) => {
    const [input, reference, ...more] = inputs;
    if (input === undefined || reference === undefined || more.length > 0) {
      throw new ImportFault(`takes two bottoms, got ${inputs.length}`);
    }
    const [whole, like] = [draft.shapeOf(input), draft.shapeOf(reference)];
    const axis = axisOf(config.axis, whole.length);
    const { offset } = config;
    if (offset.length > 1 && offset.length !== whole.length - axis) {
      throw new ImportFault(`has ${offset.length} offsets for ${whole.length - axis} axes`);
    }
    const begin = whole.map((_, at) => (at < axis ? 0 : (offset[offset.length > 1 ? at - axis : 0] ?? 0)));
    const shape = whole.map((side, at) => (at < axis ? side : (like[at] ?? 0)));
    if (isSameShape(whole, shape)) return input;
    return draft.add({ type: 'crop', name, inputs: [input], begin, shape });
  }),
  Dropout: reader('dropout_param', dropoutSchema, (_, inputs) => onlyInput(inputs)),
};

/** The new shape, without the batch: dims 0 copy, one −1 is what is left; axes before and behind those replaced stay. */
function reshaped({ shape: { dim }, axis, num_axes: axes }: Reshape, input: Shape, batch: number | null): Shape {
  const rank = input.length + 1;
  const start = axis < 0 ? axis + rank + 1 : axis;
  const end = axes === -1 ? rank : start + axes;
  if (start < 0 || start > rank || end > rank) {
    throw new ImportFault(`axis ${axis} with num_axes ${axes} of ${rank} axes`);
  }
  const whole = [BATCH, ...input];
  const copied = dim.map((side, i) => (side === 0 ? sideAt(whole, start + i) : side));
  const [first, ...sides] = [...whole.slice(0, start), ...copied, ...whole.slice(end)];
  const size = sizeOf(input);
  if (!staysBatch(first, sides, size, batch) || sides.includes(BATCH)) {
    throw new ImportFault(
      `would make [${dim.join(', ')}] of items [${input.join(', ')}]; the batch has to stay the first axis`,
    );
  }
  return withOpenSide(sides, size);
}

/** Stands for the batch among sides; no side that a file states is this. */
const BATCH = -2;

function sideAt(shape: readonly number[], axis: number): number {
  const side = shape[axis];
  if (side === undefined) throw new ImportFault(`copies axis ${axis} of ${shape.length} axes`);
  return side;
}

/** Whether the first axis is the batch: copied, as the net declares it, or whatever is left beside whole items. */
function staysBatch(first: number | undefined, sides: readonly number[], size: number, batch: number | null): boolean {
  if (first === BATCH || (batch !== null && first === batch)) return true;
  const isOpen = first === -1 || batch === null;
  return isOpen && !sides.includes(-1) && sizeOf(sides) === size;
}

function withOpenSide(sides: readonly number[], size: number): Shape {
  const known = sides.filter((side) => side !== -1);
  if (known.length < sides.length - 1) throw new ImportFault(`[${sides.join(', ')}] leaves more than one side open`);
  return sides.map((side) => (side === -1 ? size / sizeOf(known) : side));
}
