import type {
  ActivationLayer,
  Conv2dLayer,
  DenseLayer,
  Layer,
  LrnLayer,
  MaxPool2dLayer,
  Network,
} from '../models/network.ts';
import { saveNetwork } from '../models/networkStore.ts';
import type { TensorStore } from '../models/tensors/store.ts';
import { type ArrayTensor, arrayTensor, sizeOf } from '../models/tensors/tensor.ts';

/** Layers of BVLC CaffeNet (Jia et al. 2014): what differs from one to the next. */
const CONVOLUTIONS = [
  { out: 96, kernel: 11, stride: 4, pad: 0, groups: 1, pool: true, norm: true },
  { out: 256, kernel: 5, stride: 1, pad: 2, groups: 2, pool: true, norm: true },
  { out: 384, kernel: 3, stride: 1, pad: 1, groups: 1, pool: false, norm: false },
  { out: 384, kernel: 3, stride: 1, pad: 1, groups: 2, pool: false, norm: false },
  { out: 256, kernel: 3, stride: 1, pad: 1, groups: 2, pool: true, norm: false },
] as const;
const DENSE = [4096, 4096, 1000] as const;

/** CaffeNet with random weights of He's variance, saved in a store: speed and memory do not depend on the values. */
export function caffeNet(store: TensorStore): Promise<Network> {
  const layers: Layer[] = [];
  let shape: readonly number[] = [3, 227, 227];
  const random = heWeights(1);
  const add = (layer: Layer) => {
    layers.push(layer);
    shape = layer.shape;
  };
  const base = (name: string, size: readonly number[]) => ({ name, inputs: [layers.length - 1], shape: size });
  CONVOLUTIONS.forEach(({ out, kernel, stride, pad, groups, pool, norm }, i) => {
    const n = i + 1;
    const [channels = 0, side = 0] = shape;
    const to = Math.floor((side + 2 * pad - kernel) / stride) + 1;
    const conv: Conv2dLayer = {
      ...base(`conv${n}`, [out, to, to]),
      type: 'conv2d',
      weight: random([out, channels / groups, kernel, kernel]),
      bias: arrayTensor([out], new Float32Array(out).fill(0.1)),
      stride: [stride, stride],
      padding: [pad, pad, pad, pad],
      dilation: [1, 1],
      groups,
    };
    add(conv);
    add(relu(base(`relu${n}`, shape)));
    if (pool) add(maxPool(base(`pool${n}`, [out, Math.ceil((to - 3) / 2) + 1, Math.ceil((to - 3) / 2) + 1]), to));
    if (norm) add(lrn(base(`norm${n}`, shape)));
  });
  add({ ...base('flatten', [sizeOf(shape)]), type: 'reshape' });
  DENSE.forEach((out, i) => {
    const [size = 0] = shape;
    const dense: DenseLayer = {
      ...base(`fc${i + 6}`, [out]),
      type: 'dense',
      weight: random([out, size]),
      bias: arrayTensor([out], new Float32Array(out)),
    };
    add(dense);
    if (i < 2) add(relu(base(`relu${i + 6}`, shape)));
  });
  return saveNetwork(
    { id: 'caffenet-random', inputShape: [3, 227, 227], layers, output: layers.length - 1, outputFunction: 'softmax' },
    store,
  );
}

type Base = { name: string; inputs: readonly number[]; shape: readonly number[] };

const relu = (base: Base): ActivationLayer => ({ ...base, type: 'activation', function: { name: 'relu' } });

function maxPool(base: Base, from: number): MaxPool2dLayer {
  const [, to = 0] = base.shape;
  const over = (to - 1) * 2 + 3 - from;
  return { ...base, type: 'maxPool2d', kernel: [3, 3], stride: [2, 2], padding: [0, 0, over, over] };
}

const lrn = (base: Base): LrnLayer => ({
  ...base,
  type: 'lrn',
  region: 'across',
  size: 5,
  alpha: 1e-4,
  beta: 0.75,
  k: 1,
});

/** Uniform numbers with variance 2 / fan-in. */
function heWeights(seed: number): (shape: readonly number[]) => ArrayTensor {
  let state = seed;
  return (shape) => {
    const scale = Math.sqrt(6 / sizeOf(shape.slice(1)));
    const data = new Float32Array(sizeOf(shape));
    for (let i = 0; i < data.length; i += 1) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      data[i] = (state / 2 ** 31 - 1) * scale;
    }
    return arrayTensor(shape, data);
  };
}
