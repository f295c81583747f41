import { z } from 'zod';
import type { Shape } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import {
  axisOf,
  type Building,
  countSchema,
  enumSchema,
  ignoredSchema,
  type LayerReader,
  listSchema,
  manyTopsReader,
  onlyInput,
  reader,
} from './reader.ts';

const eltwiseSchema = z.strictObject({
  operation: enumSchema(['PROD', 'SUM', 'MAX']).default('SUM'),
  coeff: listSchema(z.number()),
  stable_prod_grad: ignoredSchema,
});

const concatSchema = z.strictObject({ axis: z.int().optional(), concat_dim: z.int().optional() });

const sliceSchema = z.strictObject({
  axis: z.int().optional(),
  slice_dim: z.int().optional(),
  slice_point: listSchema(countSchema),
});

/** Layers that join values or part them. */
export const MERGING_READERS: Readonly<Record<string, LayerReader>> = {
  Eltwise: reader('eltwise_param', eltwiseSchema, ({ name, config }, inputs, { draft }) => {
    const { operation, coeff } = config;
    if (operation !== 'SUM') {
      throw new ImportFault(
        `operation: ${operation} is not supported, as it is no sum that relevance could be split by`,
      );
    }
    if (inputs.length < 2) throw new ImportFault(`takes two bottoms or more, got ${inputs.length}`);
    const coefficients = coeff.every((factor) => factor === 1) ? null : coeff;
    return draft.add({ type: 'add', name, inputs, coefficients });
  }),
  Concat: reader('concat_param', concatSchema, ({ name, config }, inputs, { draft }) => {
    const [first, ...others] = inputs;
    if (first === undefined) throw new ImportFault('takes one bottom or more, got 0');
    const axis = axisOf(eitherAxis(config.axis, config.concat_dim), draft.shapeOf(first).length);
    return others.length === 0 ? first : draft.add({ type: 'concat', name, inputs, axis });
  }),
  Slice: manyTopsReader('slice_param', sliceSchema, ({ name, tops, config }, inputs, building) => {
    const input = onlyInput(inputs);
    const shape = building.draft.shapeOf(input);
    const axis = axisOf(eitherAxis(config.axis, config.slice_dim), shape.length);
    const borders = [0, ...slicePoints(config.slice_point, tops.length, shape[axis] ?? 0), shape[axis] ?? 0];
    return tops.map((top, i) => sliced(`${name}/${top}`, input, axis, borders.slice(i, i + 2), building));
  }),
  Split: manyTopsReader('split_param', z.strictObject({}), ({ tops }, inputs) => tops.map(() => onlyInput(inputs))),
};

/** The axis, which older files name otherwise. */
function eitherAxis(axis: number | undefined, older: number | undefined): number {
  if (axis !== undefined && older !== undefined) throw new ImportFault('states its axis twice');
  return axis ?? older ?? 1;
}

/** Where a side is cut into parts: as stated, else into equal ones. */
function slicePoints(stated: readonly number[], parts: number, side: number): readonly number[] {
  if (stated.length === 0) {
    if (side % parts !== 0) throw new ImportFault(`cannot cut ${side} into ${parts} equal parts`);
    return Array.from({ length: parts - 1 }, (_, i) => ((i + 1) * side) / parts);
  }
  const grows = [0, ...stated].every((point, i) => point < (stated[i] ?? side));
  if (stated.length !== parts - 1 || !grows) {
    throw new ImportFault(
      `slice_point [${stated.join(', ')}] cannot cut ${side} into ${parts} parts: ${parts - 1} growing numbers are needed`,
    );
  }
  return stated;
}

function sliced(
  name: string,
  input: number,
  axis: number,
  [from = 0, to = 0]: readonly number[],
  { draft }: Building,
): number {
  const whole: Shape = draft.shapeOf(input);
  const shape = whole.map((side, at) => (at === axis ? to - from : side));
  return draft.add({
    type: 'crop',
    name,
    inputs: [input],
    begin: whole.map((_, at) => (at === axis ? from : 0)),
    shape,
  });
}
