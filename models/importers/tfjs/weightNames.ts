import { z } from 'zod';
import type { KerasLayer, KerasTopology } from './topology.ts';

/** What decides which parameters a layer has. */
const parametersSchema = z.object({
  use_bias: z.boolean().default(true),
  scale: z.boolean().default(true),
  center: z.boolean().default(true),
});

type Has = z.output<typeof parametersSchema>;

const withBias = (...kernels: readonly string[]) => {
  return ({ use_bias: used }: Has) => (used ? [...kernels, 'bias'] : kernels);
};

/** The parameters of a layer in the order in which Keras 3 numbers them: trained ones first. */
const PARAMETERS: Readonly<Record<string, (has: Has) => readonly string[]>> = {
  Dense: withBias('kernel'),
  Conv1D: withBias('kernel'),
  Conv2D: withBias('kernel'),
  Conv1DTranspose: withBias('kernel'),
  Conv2DTranspose: withBias('kernel'),
  DepthwiseConv1D: withBias('depthwise_kernel'),
  DepthwiseConv2D: withBias('depthwise_kernel'),
  SeparableConv1D: withBias('depthwise_kernel', 'pointwise_kernel'),
  SeparableConv2D: withBias('depthwise_kernel', 'pointwise_kernel'),
  BatchNormalization: ({ scale, center }) => [
    ...(scale ? ['gamma'] : []),
    ...(center ? ['beta'] : []),
    'moving_mean',
    'moving_variance',
  ],
  PReLU: () => ['alpha'],
};

/** The folder of all layers in the weights of a `.keras` file, as the releases of Keras 3 name it. */
const NUMBERED = /^(layers|_layer_checkpoint_dependencies)\/[^/]+\/vars\/\d+$/;

/**
 * Where a model's weights have other names than `layer/parameter`: that name, and the one that they have.
 * - Out of a `.keras` file, a converter keeps Keras 3's own: `layers/<class>_<n>/vars/<i>`, where the n-th layer of a
 *   class counts, whatever its name, and the i-th of its parameters.
 * - Out of an `.h5` file that Keras 3 wrote, the kernel of a depthwise convolution is its `kernel`.
 */
export function renamedWeights(topology: KerasTopology, names: Iterable<string>): ReadonlyMap<string, string> {
  const known = [...names];
  const folder = NUMBERED.exec(known.find((name) => NUMBERED.test(name)) ?? '')?.[1];
  return new Map(folder === undefined ? depthwiseKernels(topology, known) : numbered(topology, folder));
}

function numbered({ layers }: KerasTopology, folder: string): (readonly [string, string])[] {
  const counts = new Map<string, number>();
  return layers.flatMap((layer) => {
    const kind = snakeCase(layer.className);
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    const place = `${folder}/${count === 0 ? kind : `${kind}_${count}`}/vars`;
    return parametersOf(layer).map((parameter, i) => [`${layer.name}/${parameter}`, `${place}/${i}`] as const);
  });
}

function depthwiseKernels({ layers }: KerasTopology, known: readonly string[]): (readonly [string, string])[] {
  return layers
    .filter(({ className }) => className.startsWith('DepthwiseConv'))
    .map(({ name }) => `${name}/depthwise_kernel`)
    .filter((wanted) => !known.some((name) => name === wanted || name.endsWith(`/${wanted}`)))
    .map((wanted) => [wanted, wanted.replace(/depthwise_kernel$/, 'kernel')]);
}

function parametersOf({ className, config }: KerasLayer): readonly string[] {
  const of = Object.hasOwn(PARAMETERS, className) ? PARAMETERS[className] : undefined;
  const has = parametersSchema.safeParse(config);
  return of === undefined || !has.success ? [] : of(has.data);
}

/** Keras' name of a class in paths: Conv2DTranspose is conv2d_transpose, PReLU p_re_lu. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
