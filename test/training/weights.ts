import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const definition = z.object({
  weightsManifest: z.array(
    z.object({
      weights: z.array(z.object({ name: z.string(), shape: z.array(z.int()), dtype: z.literal('float32') })),
    }),
  ),
});

/** The weights of a model's folder by name, read as they lie one after another in its one file. */
export function readWeights(folder: string): ReadonlyMap<string, number[]> {
  const { weightsManifest } = definition.parse(JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')));
  const bytes = readFileSync(join(folder, 'weights.bin'));
  let offset = 0;
  return new Map(
    weightsManifest.flatMap(({ weights }) =>
      weights.map(({ name, shape }): [string, number[]] => {
        const count = shape.reduce((product, size) => product * size, 1);
        const values = Array.from({ length: count }, (_, index) => bytes.readFloatLE(offset + 4 * index));
        offset += 4 * count;
        return [name, values];
      }),
    ),
  );
}
