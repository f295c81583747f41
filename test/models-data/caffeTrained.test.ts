import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readBinaryproto } from '../../models/importers/caffe/caffemodel.ts';
import type { Network } from '../../models/network.ts';
import { decodeNpy } from '../../models/tensors/npy.ts';
import type { TensorStore } from '../../models/tensors/store.ts';
import { type ArrayTensor, arrayTensor, sizeOf } from '../../models/tensors/tensor.ts';
import type { Engine } from '../../services/engine/engine.ts';
import { createOnnxEngine } from '../../services/engine/onnx/engine.ts';
import { createTensorflowEngine } from '../../services/engine/tensorflow/engine.ts';
import { type Digits, PIXELS } from '../../training/mnist.ts';
import { temporaryStore } from '../support/engines.ts';
import { type CaffeData, caffeModel, largestDistance, outputsFor, tensorInput } from './caffeModel.ts';
import { batchOf, dataFile, largestAt, photograph } from './onnxModel.ts';
import { testDigits } from './zooModel.ts';

let store: TensorStore;
let engine: Engine;
const cleaners: (() => Promise<void>)[] = [];
beforeAll(async () => {
  const temporary = await temporaryStore();
  store = temporary.store;
  engine = createOnnxEngine({ store, threads: 2 });
  cleaners.push(() => engine.dispose(), temporary.remove);
});
afterAll(async () => {
  for (const clean of cleaners) await clean();
});

const expectedSchema = z.object({
  logits: z.array(z.array(z.number())),
  test_set_correct: z.number().optional(),
  images_uint8_nchw: z.object({ shape: z.array(z.number()), base64: z.base64() }).optional(),
});

async function expectedOf(folder: string) {
  return expectedSchema.parse(JSON.parse(await readFile(dataFile('caffe', folder, 'expected.json'), 'utf8')));
}

/** Some digits as these nets take them, pixel/256. */
function digitsAt({ pixels }: Digits, first: number, count: number): ArrayTensor {
  const values = Float32Array.from(pixels.subarray(first * PIXELS, (first + count) * PIXELS), (pixel) => pixel / 256);
  return arrayTensor([count, 1, 28, 28], values);
}

async function correct(network: Network, digits: Digits): Promise<number> {
  let right = 0;
  for (let first = 0; first < digits.count; first += 1000) {
    const { shape, data } = await outputsFor(engine, network, digitsAt(digits, first, 1000));
    const [rows = 0, outputs = 0] = shape;
    for (let row = 0; row < rows; row += 1) {
      const own = data.subarray(row * outputs, (row + 1) * outputs);
      if (largestAt(own) === digits.labels[first + row]) right += 1;
    }
  }
  return right;
}

describe.each([
  ['lenet', 'lenet_iter_10000.caffemodel', 9914],
  ['lenet-tiny', 'lenet.caffemodel', 9671],
])('%s, a caffemodel', (folder, weights, stated) => {
  const data: CaffeData = {
    name: folder,
    definition: `${folder}/lenet.prototxt`,
    weights: `${folder}/${weights}`,
    input: { kind: 'image', shape: [1, 28, 28], preprocessing: { scale: 1 / 256 } },
  };

  test('has the logits that another program computes, to 1e-4', async () => {
    const { network } = await caffeModel(data, store);
    const { logits } = await expectedOf(folder);
    const actual = await outputsFor(engine, network, digitsAt(await testDigits(), 0, 10));
    expect(largestDistance(actual.data, logits.flat())).toBeLessThan(1e-4);
  });

  test(`recognises ${stated} of the 10,000 test digits`, async () => {
    const { network } = await caffeModel(data, store);
    expect(await correct(network, await testDigits())).toBe(stated);
    expect((await expectedOf(folder)).test_set_correct).toBe(stated);
  }, 60_000);
});

test.each([
  ['cifar10-quick', 'cifar10_quick.prototxt', 'cifar10_quick_iter_5000.caffemodel.h5'],
  ['cifar10-full', 'cifar10_full.prototxt', 'cifar10_full_iter_100000.caffemodel.h5'],
])(
  '%s, an HDF5 snapshot, has the logits of explicit sums, to 1e-4, on both engines',
  async (folder, definition, weights) => {
    const { network } = await caffeModel(
      {
        name: folder,
        definition: `${folder}/${definition}`,
        weights: `${folder}/${weights}`,
        input: tensorInput([3, 32, 32]),
      },
      store,
    );
    const { logits, images_uint8_nchw: images } = await expectedOf(folder);
    const mean = readBinaryproto(await readFile(dataFile('caffe', 'cifar10-quick', 'mean.binaryproto'))).data;
    const pixels = Buffer.from(images?.base64 ?? '', 'base64');
    const values = Float32Array.from(pixels, (pixel, k) => pixel - (mean[k % mean.length] ?? Number.NaN));
    const input = arrayTensor(images?.shape ?? [], values);
    expect(values).toHaveLength(4 * sizeOf([3, 32, 32]));
    const tensorflow = await createTensorflowEngine({ store });
    for (const each of [engine, tensorflow]) {
      expect(largestDistance((await outputsFor(each, network, input)).data, logits.flat())).toBeLessThan(1e-4);
    }
    await tensorflow.dispose();
  },
);

describe('SqueezeNet 1.1, a caffemodel', () => {
  const data: CaffeData = {
    name: 'squeezenet',
    definition: 'squeezenet-1.1/deploy.prototxt',
    weights: 'squeezenet-1.1/squeezenet_v1.1_gluon.caffemodel',
    input: {
      kind: 'image',
      shape: [3, 224, 224],
      preprocessing: {
        colour: 'rgb',
        resize: 256,
        crop: 'centre',
        scale: 1 / 255,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
      },
    },
    output: { kind: 'classification', layer: 'pool10' },
  };

  test('computes the output that comes with it, to 1e-3 of logits up to 300', async () => {
    const { network } = await caffeModel(data, store);
    const [input, output] = await Promise.all(
      ['input_0.npy', 'output_0.npy'].map(async (name) =>
        decodeNpy(await readFile(dataFile('caffe', 'squeezenet-1.1', 'vector', name))),
      ),
    );
    if (input === undefined || output === undefined) throw new Error('two files give two tensors');
    const actual = await outputsFor(engine, network, input);
    expect(Math.max(...output.data)).toBeGreaterThan(100);
    expect(largestDistance(actual.data, output.data)).toBeLessThan(1e-3);
  });

  test('names every photograph as another program does, with its probability where that is above a half', async () => {
    const { model, network } = await caffeModel(data, store, dataFile('imagenet', 'synset_words.txt'));
    const table = await readFile(dataFile('imagenet', 'predictions-squeezenet-1.1.tsv'), 'utf8');
    const rows = table
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'));
    expect(rows.length).toBeGreaterThan(10);
    const inputs = await Promise.all(rows.map(async ([file = '']) => (await photograph(file, model)).tensor));
    const { data: scores } = await outputsFor(engine, network, batchOf(inputs));
    for (const [row, [file, , , , , index, label, probability]] of rows.entries()) {
      const own = scores.subarray(row * 1000, (row + 1) * 1000);
      const top = largestAt(own);
      expect([file, top, model.labels?.[top]]).toEqual([file, Number(index), label]);
      const sum = own.reduce((total, score) => total + Math.exp(score - (own[top] ?? 0)), 0);
      if (Number(probability) > 0.5) expect(Math.abs(1 / sum - Number(probability))).toBeLessThan(0.03);
    }
  }, 60_000);
});
