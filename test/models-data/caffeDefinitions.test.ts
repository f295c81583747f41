import { parameterCount } from '../../models/cost.ts';
import type { Network } from '../../models/network.ts';
import type { TensorStore } from '../../models/tensors/store.ts';
import { arrayTensor, type Shape, sizeOf } from '../../models/tensors/tensor.ts';
import type { Engine } from '../../services/engine/engine.ts';
import { createOnnxEngine } from '../../services/engine/onnx/engine.ts';
import { createTensorflowEngine } from '../../services/engine/tensorflow/engine.ts';
import { randomNumbers } from '../models/kerasLayers.ts';
import { temporaryStore } from '../support/engines.ts';
import { caffeModel, largestDistance, MSRA, outputsFor, shapeOf, tensorInput } from './caffeModel.ts';

/** A published net, the number of its parameters, and what Caffe prints as the shapes of some of its layers. */
interface Definition {
  readonly file: string;
  readonly inputShape: Shape;
  readonly kind: 'classification' | 'regression';
  readonly parameters: number;
  readonly shapes: Readonly<Record<string, Shape>>;
  /** Pixels of its pictures span this range; codes of generators are smaller. */
  readonly range: number;
}

const ALEXNET_SHAPES = {
  conv1: [96, 55, 55],
  norm1: [96, 27, 27],
  pool1: [96, 27, 27],
  conv2: [256, 27, 27],
  pool2: [256, 13, 13],
  conv3: [384, 13, 13],
  conv4: [384, 13, 13],
  conv5: [256, 13, 13],
  pool5: [256, 6, 6],
  fc6: [4096],
  fc7: [4096],
  fc8: [1000],
};

const DEFINITIONS: Readonly<Record<string, Definition>> = {
  CaffeNet: {
    file: 'bvlc_reference_caffenet.prototxt',
    inputShape: [3, 227, 227],
    kind: 'classification',
    parameters: 60_965_224,
    shapes: ALEXNET_SHAPES,
    range: 255,
  },
  AlexNet: {
    file: 'bvlc_alexnet.prototxt',
    inputShape: [3, 227, 227],
    kind: 'classification',
    parameters: 60_965_224,
    shapes: { ...ALEXNET_SHAPES, norm1: [96, 55, 55] },
    range: 255,
  },
  GoogLeNet: {
    file: 'bvlc_googlenet.prototxt',
    inputShape: [3, 224, 224],
    kind: 'classification',
    parameters: 6_998_552,
    shapes: {
      'conv1/7x7_s2': [64, 112, 112],
      'pool1/3x3_s2': [64, 56, 56],
      'conv2/3x3': [192, 56, 56],
      'pool2/3x3_s2': [192, 28, 28],
      'inception_3a/pool': [192, 28, 28],
      'inception_3a/output': [256, 28, 28],
      'inception_3b/output': [480, 28, 28],
      'pool3/3x3_s2': [480, 14, 14],
      'inception_4a/output': [512, 14, 14],
      'inception_4d/output': [528, 14, 14],
      'inception_4e/output': [832, 14, 14],
      'pool4/3x3_s2': [832, 7, 7],
      'inception_5b/output': [1024, 7, 7],
      'pool5/7x7_s1': [1024, 1, 1],
      'loss3/classifier': [1000],
    },
    range: 255,
  },
  'VGG-16': {
    file: 'vgg16.prototxt',
    inputShape: [3, 224, 224],
    kind: 'classification',
    parameters: 138_357_544,
    shapes: {
      conv1_2: [64, 224, 224],
      pool1: [64, 112, 112],
      pool2: [128, 56, 56],
      pool3: [256, 28, 28],
      pool4: [512, 14, 14],
      conv5_3: [512, 14, 14],
      pool5: [512, 7, 7],
      fc6: [4096],
      fc8: [1000],
    },
    range: 255,
  },
  'the generator of DGN-AM': {
    file: 'dgn_fc6_generator.prototxt',
    inputShape: [4096],
    kind: 'regression',
    parameters: 56_097_891,
    shapes: {
      defc5: [4096],
      deconv5: [256, 8, 8],
      conv5_1: [512, 8, 8],
      deconv1: [32, 128, 128],
      deconv0: [3, 256, 256],
    },
    range: 10,
  },
};

let store: TensorStore;
let engines: readonly Engine[];
const cleaners: (() => Promise<void>)[] = [];
beforeAll(async () => {
  const temporary = await temporaryStore();
  store = temporary.store;
  engines = [createOnnxEngine({ store, threads: 2 }), await createTensorflowEngine({ store })];
  cleaners.push(...engines.map((engine) => () => engine.dispose()), temporary.remove);
});
afterAll(async () => {
  for (const clean of cleaners) await clean();
});

async function imported({ file, inputShape, kind }: Definition): Promise<Network> {
  const name = file.replace(/\W/g, '-');
  const data = { name, definition: `deploy/${file}`, weights: MSRA, input: tensorInput(inputShape), output: { kind } };
  return (await caffeModel(data, store)).network;
}

describe.each(Object.entries(DEFINITIONS))('%s with random weights', (_name, definition) => {
  let network: Network;
  beforeAll(async () => {
    network = await imported(definition);
  }, 60_000);

  test('has the shapes and the number of parameters that it has in Caffe', () => {
    const names = Object.keys(definition.shapes);
    expect(Object.fromEntries(names.map((name) => [name, shapeOf(network, name)]))).toEqual(definition.shapes);
    expect(network.layers.reduce((sum, layer) => sum + parameterCount(layer), 0)).toBe(definition.parameters);
  });

  test('computes the same on both engines, to 1e-4 of the largest output', async () => {
    const random = randomNumbers(5);
    const size = sizeOf(definition.inputShape);
    const values = Float32Array.from({ length: size }, () => definition.range * (random() - 0.5));
    const input = arrayTensor([1, ...definition.inputShape], values);
    const outputs: Float32Array[] = [];
    for (const engine of engines) outputs.push((await outputsFor(engine, network, input)).data);
    const [onnx = new Float32Array(), tensorflow = new Float32Array()] = outputs;
    const largest = onnx.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(onnx).toHaveLength(sizeOf(network.layers[network.output]?.shape ?? []));
    expect(largest).toBeGreaterThan(0);
    expect(largestDistance(tensorflow, onnx) / largest).toBeLessThan(1e-4);
  }, 120_000);
});
