import type { Network } from '../../models/network.ts';
import { arrayTensor, sizeOf } from '../../models/tensors/tensor.ts';
import { prototypeSchema } from '../../schemas/prototype.ts';
import type { PrototypeOptions } from '../../services/prototype/plan.ts';
import type { PrototypeSubject } from '../../services/prototype/subject.ts';
import { chain, NetworkSketch, randomTensor } from '../explanation/networks.ts';
import { activation, BINARY, convolution, dense, RECTIFIED, SMOOTH, VECTOR } from '../explanation/smallNetworks.ts';

const NONE = [0, 0, 0, 0] as const;

/** log p(x) = bᵀx + Σ_j softplus(w_jᵀx + c_j): dense0, softplus1, dense2 (the sum), dense3 (b), add4. */
export function rbm(inputShape: readonly number[], seed: number): Network {
  const size = sizeOf(inputShape);
  const sketch = new NetworkSketch(inputShape);
  if (inputShape.length > 1) sketch.add({ type: 'reshape', shape: [size] });
  const flat = sketch.last;
  sketch.add(dense(size, 5, seed));
  sketch.add(activation('softplus'));
  const ones = arrayTensor([1, 5], new Float32Array(5).fill(1));
  const sum = sketch.add({ type: 'dense', weight: ones, bias: null });
  const linear = sketch.add(dense(size, 1, seed + 7, false), [flat]);
  sketch.add({ type: 'add', coefficients: null }, [sum, linear]);
  return { ...sketch.network(), id: 'expert' };
}

/** Codes of 4 to pictures [2, 6, 6], of which classifiers of [2, 4, 4] see the centre. */
export const LARGER_GENERATOR: Network = {
  ...chain(
    [4],
    [
      dense(4, 18, 210),
      activation('tanh'),
      { type: 'reshape', shape: [2, 3, 3] },
      doubling(2, 212),
      activation('tanh'),
    ],
  ),
  id: 'larger-generator',
};

/** Codes of 3 to inputs [2, 4, 4], as a vector. */
export const GENERATOR: Network = {
  ...chain([3], [dense(3, 8, 220), activation('softplus'), dense(8, 32, 222), activation('sigmoid')]),
  id: 'generator',
};

/** A transposed convolution that doubles the sides. */
function doubling(channels: number, seed: number) {
  return {
    type: 'conv2dTranspose',
    weight: randomTensor([channels, channels, 2, 2], seed),
    bias: null,
    stride: [2, 2],
    padding: NONE,
    outputPadding: [0, 0],
    dilation: [1, 1],
    groups: 1,
  } as const;
}

const BARE = {
  kind: 'classification',
  box: { low: -1, high: 1 },
  labels: null,
  classMeans: null,
  density: null,
  generator: null,
  codeRange: null,
} as const;

function classifier(network: Network, name: string): PrototypeSubject {
  const own: Network = { ...network, id: name, outputFunction: 'softmax' };
  const size = sizeOf(network.inputShape);
  return {
    ...BARE,
    name,
    network: own,
    labels: ['cat', 'dog', 'ship'],
    classMeans: randomTensor([3, size], 230, 0.5).data,
    density: { name: 'expert', network: rbm(network.inputShape, 240), box: BARE.box },
  };
}

/** Differentiable everywhere: finite differences are exact on it. */
export const SMOOTH_SUBJECT: PrototypeSubject = {
  ...classifier(SMOOTH, 'smooth'),
  generator: { name: 'generator', network: GENERATOR },
  codeRange: Float32Array.of(-2, 2, -2, 2, -1, 3),
};

/** The same with a generator that reaches many pictures: tanh(W z) of 12 numbers. */
export const REACHING_SUBJECT: PrototypeSubject = {
  ...SMOOTH_SUBJECT,
  generator: {
    name: 'reaching-generator',
    network: { ...chain([12], [dense(12, 32, 226), activation('tanh')]), id: 'reaching-generator' },
  },
  codeRange: Float32Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? -2 : 2)),
};

export const LARGER_SUBJECT: PrototypeSubject = {
  ...classifier(SMOOTH, 'smooth'),
  box: { low: -0.2, high: 0.3 },
  density: null,
  generator: { name: 'larger-generator', network: LARGER_GENERATOR },
};

export const RECTIFIED_SUBJECT = classifier(RECTIFIED, 'rectified');

export const VECTOR_SUBJECT = classifier(VECTOR, 'vector');

/** One sigmoid output with two labels. */
export const BINARY_SUBJECT: PrototypeSubject = {
  ...BARE,
  name: 'binary',
  network: { ...BINARY, id: 'binary' },
  labels: ['no', 'yes'],
};

export const REGRESSION_SUBJECT: PrototypeSubject = {
  ...BARE,
  name: 'regression',
  kind: 'regression',
  network: {
    ...chain(
      [2, 4, 4],
      [convolution(2, 2, 250), activation('tanh'), { type: 'reshape', shape: [32] }, dense(32, 1, 252)],
    ),
    id: 'regression',
  },
};

/** Options as a client writes them. */
export function optionsOf(request: Record<string, unknown>): PrototypeOptions {
  const {
    model: _model,
    version: _version,
    render: _render,
    init,
    ...options
  } = prototypeSchema.parse({
    model: 'model',
    target: 0,
    ...request,
  });
  if (typeof init !== 'object') return { ...options, init };
  if (init.tensor === undefined) throw new TypeError('pictures are decoded before prototypes are planned');
  return { ...options, init: { tensor: init.tensor } };
}
