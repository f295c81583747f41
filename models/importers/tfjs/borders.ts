import { z } from 'zod';
import type { Pair } from '../../network.ts';
import { cellsSchema, type LayerReader, reader } from './reader.ts';
import { derivedValue, imageInput, type KerasValue, signalInput } from './values.ts';

/** Cells before and after, along one axis. */
const sidesSchema = z.union([cellsSchema.transform((n): Pair => [n, n]), z.tuple([cellsSchema, cellsSchema])]);

type Borders = readonly [rows: Pair, columns: Pair];

const imageBorders = z.union([
  cellsSchema.transform(
    (n): Borders => [
      [n, n],
      [n, n],
    ],
  ),
  z.tuple([sidesSchema, sidesSchema]),
]);

const signalBorders = z
  .union([sidesSchema, z.tuple([cellsSchema]).transform(([n]): Pair => [n, n])])
  .transform((steps): Borders => [[0, 0], steps]);

interface Place {
  readonly borders: z.ZodType<Borders>;
  readonly input: (inputs: readonly KerasValue[]) => KerasValue;
  /** Keras' default. */
  readonly padding: Borders;
}

const IMAGE: Place = {
  borders: imageBorders,
  input: imageInput,
  padding: [
    [1, 1],
    [1, 1],
  ],
};
const SIGNAL: Place = {
  borders: signalBorders,
  input: signalInput,
  padding: [
    [0, 0],
    [1, 1],
  ],
};

export const BORDER_READERS: Readonly<Record<string, LayerReader>> = {
  ZeroPadding1D: zeroPadding(SIGNAL),
  ZeroPadding2D: zeroPadding(IMAGE),
  Cropping1D: cropping(SIGNAL),
  Cropping2D: cropping(IMAGE),
};

function zeroPadding({ borders, input: inputOf, padding }: Place): LayerReader {
  return reader(z.object({ padding: borders.default(padding) }), ({ name, config }, inputs, { draft }) => {
    const input = inputOf(inputs);
    const index = draft.add({ type: 'pad', name, inputs: [input.index], padding: [[0, 0], ...config.padding] });
    return derivedValue(input, index, draft.shapeOf(index));
  });
}

function cropping({ borders, input: inputOf, padding }: Place): LayerReader {
  return reader(z.object({ cropping: borders.default(padding) }), ({ name, config }, inputs, { draft }) => {
    const input = inputOf(inputs);
    const [rows, columns] = config.cropping;
    const [channels = 0, height = 0, width = 0] = input.shape;
    const shape = [channels, height - rows[0] - rows[1], width - columns[0] - columns[1]];
    const begin = [0, rows[0], columns[0]];
    return derivedValue(input, draft.add({ type: 'crop', name, inputs: [input.index], begin, shape }), shape);
  });
}
