import { z } from 'zod';
import { topologicalOrder } from '../models/importers/tfjs/order.ts';
import { readTopology } from '../models/importers/tfjs/topology.ts';

/** What a network costs. */
export interface Cost {
  /** Numbers that were learned. */
  readonly parameters: number;
  /** Multiplications with a weight in one forward pass of one input. */
  readonly multiplyAdds: number;
}

const pair = z.tuple([z.int(), z.int()]);

const configSchema = z.object({
  batch_input_shape: z.array(z.int().nullable()).optional(),
  target_shape: z.array(z.int()).optional(),
  filters: z.int().optional(),
  units: z.int().optional(),
  kernel_size: pair.optional(),
  pool_size: pair.optional(),
  strides: pair.optional(),
  padding: z.string().optional(),
});

const definitionSchema = z.object({
  modelTopology: z.unknown(),
  weightsManifest: z.array(z.object({ weights: z.array(z.object({ name: z.string(), shape: z.array(z.int()) })) })),
});

type LayerConfig = z.output<typeof configSchema>;

/** Height, width and channels, or the length of a vector alone. */
type Size = readonly number[];

const product = (sizes: Size) => sizes.reduce((all, size) => all * size, 1);

/**
 * Counts the parameters and multiply-adds of a model out of its `model.json`.
 * @throws Error at a layer that the recipes do not use
 */
export function costOf(definition: unknown): Cost {
  const { modelTopology, weightsManifest } = definitionSchema.parse(definition);
  const sizes = new Map<string, Size>();
  let multiplyAdds = 0;
  for (const { name, className, config, inbound } of topologicalOrder(readTopology(modelTopology))) {
    const type = layerTypes[className];
    if (!type) throw new Error(`cannot count the cost of layer ${name} (${className})`);
    const own = configSchema.parse(config);
    const declared = own.batch_input_shape?.slice(1).map((length) => length ?? 0);
    const input = sizes.get(inbound[0] ?? '') ?? declared ?? [];
    const output = type.output(input, own);
    multiplyAdds += type.multiplyAdds(input, output, own);
    sizes.set(name, output);
  }
  const shapes = weightsManifest.flatMap(({ weights }) => weights.map(({ shape }) => shape));
  return { multiplyAdds, parameters: shapes.reduce((all, shape) => all + product(shape), 0) };
}

interface LayerType {
  output(input: Size, config: LayerConfig): Size;
  multiplyAdds(input: Size, output: Size, config: LayerConfig): number;
}

const unweighted = (output: LayerType['output']): LayerType => ({ output, multiplyAdds: () => 0 });

const pooling = unweighted((input, config) => [...slide(input, config, config.pool_size), input[2] ?? 0]);

const kernel = ({ kernel_size: sides = [1, 1] }: LayerConfig) => product(sides);

const layerTypes: Readonly<Record<string, LayerType>> = {
  Conv2D: {
    output: (input, config) => [...slide(input, config, config.kernel_size), config.filters ?? 0],
    multiplyAdds: (input, output, config) => product(output) * kernel(config) * (input[2] ?? 0),
  },
  Conv2DTranspose: {
    output: (input, config) => [...unslide(input, config), config.filters ?? 0],
    multiplyAdds: (input, output, config) => product(input) * kernel(config) * (output[2] ?? 0),
  },
  Dense: {
    output: (_input, config) => [config.units ?? 0],
    multiplyAdds: (input, output) => product(input) * product(output),
  },
  AveragePooling2D: pooling,
  MaxPooling2D: pooling,
  Flatten: unweighted((input) => [product(input)]),
  Reshape: unweighted((_input, config) => config.target_shape ?? []),
  InputLayer: unweighted((input) => input),
  Dropout: unweighted((input) => input),
  Add: unweighted((input) => input),
};

/** Height and width that are left when a window slides over the input. */
function slide(input: Size, { strides = [1, 1], padding }: LayerConfig, window: Size = [1, 1]): number[] {
  return [0, 1].map((axis) => {
    const covered = padding === 'same' ? 1 : (window[axis] ?? 1);
    return Math.floor(((input[axis] ?? 0) - covered) / (strides[axis] ?? 1)) + 1;
  });
}

/** Height and width over which a window slides to leave the input. */
function unslide(input: Size, { strides = [1, 1], padding, kernel_size: window = [1, 1] }: LayerConfig): number[] {
  return [0, 1].map((axis) => {
    const [side = 0, stride = 1, own = 1] = [input[axis], strides[axis], window[axis]];
    return padding === 'same' ? side * stride : (side - 1) * stride + own;
  });
}
