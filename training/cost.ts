import { z } from 'zod';

/** What a network costs. */
export interface Cost {
  /** Numbers that were learned. */
  readonly parameters: number;
  /** Multiplications with a weight in one forward pass of one input. */
  readonly multiplyAdds: number;
}

const pair = z.tuple([z.int(), z.int()]);

const layerSchema = z.object({
  class_name: z.string(),
  config: z.object({
    name: z.string(),
    batch_input_shape: z.array(z.int().nullable()).optional(),
    filters: z.int().optional(),
    units: z.int().optional(),
    kernel_size: pair.optional(),
    pool_size: pair.optional(),
    strides: pair.optional(),
    padding: z.string().optional(),
  }),
});

const definitionSchema = z.object({
  modelTopology: z.object({ config: z.object({ layers: z.array(layerSchema) }) }),
  weightsManifest: z.array(z.object({ weights: z.array(z.object({ name: z.string(), shape: z.array(z.int()) })) })),
});

type LayerConfig = z.output<typeof layerSchema>['config'];

/** Height, width and channels, or the length of a vector alone. */
type Size = readonly number[];

const product = (sizes: Size) => sizes.reduce((all, size) => all * size, 1);

/**
 * Counts the parameters and multiply-adds of a sequential model out of its `model.json`.
 * @throws Error at a layer that the recipes do not use
 */
export function costOf(definition: unknown): Cost {
  const { modelTopology, weightsManifest } = definitionSchema.parse(definition);
  let size: Size = [];
  let multiplyAdds = 0;
  for (const { class_name: type, config } of modelTopology.config.layers) {
    if (config.batch_input_shape) size = config.batch_input_shape.slice(1).map((length) => length ?? 0);
    const layer = layerTypes[type];
    if (!layer) throw new Error(`cannot count the cost of layer ${config.name} (${type})`);
    const output = layer.output(size, config);
    multiplyAdds += layer.weightsPerOutput(size, config) * product(output);
    size = output;
  }
  const shapes = weightsManifest.flatMap(({ weights }) => weights.map(({ shape }) => shape));
  return { multiplyAdds, parameters: shapes.reduce((all, shape) => all + product(shape), 0) };
}

interface LayerType {
  output(input: Size, config: LayerConfig): Size;
  /** How many weights meet in one output. */
  weightsPerOutput(input: Size, config: LayerConfig): number;
}

const pooling: LayerType = {
  output: (input, config) => [...slide(input, config, config.pool_size), input[2] ?? 0],
  weightsPerOutput: () => 0,
};

const unweighted = (output: LayerType['output']): LayerType => ({ output, weightsPerOutput: () => 0 });

const layerTypes: Readonly<Record<string, LayerType>> = {
  Conv2D: {
    output: (input, config) => [...slide(input, config, config.kernel_size), config.filters ?? 0],
    weightsPerOutput: (input, config) => product(config.kernel_size ?? []) * (input[2] ?? 0),
  },
  Dense: { output: (_input, config) => [config.units ?? 0], weightsPerOutput: (input) => input[0] ?? 0 },
  AveragePooling2D: pooling,
  MaxPooling2D: pooling,
  Flatten: unweighted((input) => [product(input)]),
  Dropout: unweighted((input) => input),
};

/** Height and width that are left when a window slides over the input. */
function slide(input: Size, { strides = [1, 1], padding }: LayerConfig, window: Size = [1, 1]): number[] {
  return [0, 1].map((axis) => {
    const covered = padding === 'same' ? 1 : (window[axis] ?? 1);
    return Math.floor(((input[axis] ?? 0) - covered) / (strides[axis] ?? 1)) + 1;
  });
}
