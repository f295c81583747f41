import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { importModel } from '../../models/importers/importModel.ts';
import type { Network } from '../../models/network.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import type { TensorStore } from '../../models/tensors/store.ts';
import type { ArrayTensor } from '../../models/tensors/tensor.ts';
import type { Engine } from '../../services/engine/engine.ts';
import { createOnnxEngine } from '../../services/engine/onnx/engine.ts';
import { temporaryStore } from '../support/engines.ts';
import { explain } from '../support/explain.ts';
import { batchOf, dataFile, EFFICIENTNET, largestAt, photograph, registered } from './onnxModel.ts';

const CLASSES = 1000;

let store: TensorStore;
let engine: Engine;
let model: RegisteredModel;
let network: Network;
const cleaners: (() => Promise<void>)[] = [];
beforeAll(async () => {
  const temporary = await temporaryStore();
  store = temporary.store;
  const files = [dataFile('onnx', 'efficientnet-lite0.onnx'), dataFile('imagenet', 'synset_words.txt')];
  const copied = await registered(EFFICIENTNET, files);
  model = copied.model;
  network = await importModel(model, store);
  engine = createOnnxEngine({ store, threads: 2 });
  cleaners.push(() => engine.dispose(), copied.remove, temporary.remove);
}, 60_000);
afterAll(async () => {
  for (const clean of cleaners) await clean();
});

/** Scores [N, 1000] as they come with an explanation. */
async function scores(input: ArrayTensor): Promise<Float32Array> {
  const targets = Array.from({ length: input.shape[0] ?? 0 }, () => null);
  const { outputs } = await explain(engine, { network, box: model.box }, 'gradient', {}, input, targets);
  return outputs['scores']?.data ?? new Float32Array();
}

/** The first place of every photograph, by the class that another program names. */
async function expectedClasses(): Promise<ReadonlyMap<string, string>> {
  const table = await readFile(dataFile('imagenet', 'predictions-efficientnet-lite0.tsv'), 'utf8');
  const rows = table
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  return new Map(rows.filter(([, rank]) => rank === '1').map(([file = '', , name = '']) => [file, name]));
}

test('gives the logits that onnxruntime computes of the file itself, in a batch that the file does not allow', async () => {
  const names = [...(await expectedClasses()).keys()].slice(0, 8);
  const photographs = await Promise.all(names.map(async (name) => (await photograph(name, model)).tensor));
  const actual = await scores(batchOf(photographs));
  expect(actual).toHaveLength(8 * CLASSES);
  const session = await InferenceSession.create(dataFile('onnx', 'efficientnet-lite0.onnx'), { intraOpNumThreads: 2 });
  for (const [row, { shape, data }] of photographs.entries()) {
    const { logits } = await session.run({ data: new Tensor('float32', data, [...shape]) });
    const expected = (await logits?.getData()) as Float32Array;
    const largest = Math.max(...expected.map(Math.abs));
    const differences = expected.map((value, k) => Math.abs(value - (actual[row * CLASSES + k] ?? Number.NaN)));
    expect(Math.max(...differences) / largest).toBeLessThan(1e-4);
  }
  await session.release();
}, 120_000);

test('names every photograph as another program does', async () => {
  const expected = await expectedClasses();
  expect(expected.size).toBe(14);
  for (const [name, label] of expected) {
    const { tensor } = await photograph(name, model);
    expect([name, model.labels?.[largestAt(await scores(tensor))]]).toEqual([name, label]);
  }
}, 120_000);

/** Rows and columns of a picture, both ends included. */
interface Region {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
}

/** How many times more relevance lies on a pixel of a region than on one of the whole picture. */
function concentration(relevance: ArrayTensor, { rows, columns }: Region): number {
  const [, channels = 0, height = 0, width = 0] = relevance.shape;
  let [total, inside] = [0, 0];
  for (const [index, value] of relevance.data.entries()) {
    const column = index % width;
    const row = Math.floor(index / width) % height;
    total += value;
    if (row >= rows[0] && row <= rows[1] && column >= columns[0] && column <= columns[1]) inside += value;
  }
  const area = (rows[1] - rows[0] + 1) * (columns[1] - columns[0] + 1);
  expect(relevance.data).toHaveLength(channels * height * width);
  return ((inside / total) * height * width) / area;
}

test.each<[string, Region, Region]>([
  ['n01518878_ostrich.JPEG', { rows: [46, 168], columns: [85, 138] }, { rows: [175, 223], columns: [0, 223] }],
  ['n02391049_zebra.JPEG', { rows: [40, 150], columns: [100, 200] }, { rows: [165, 223], columns: [50, 120] }],
])(
  'the relevance of %s lies on the animal and not on the ground',
  async (name, animal, ground) => {
    const { tensor } = await photograph(name, model);
    const subject = { network, box: model.box };
    const { outputs } = await explain(engine, subject, 'lrp', { composite: 'epsilon-plus' }, tensor, [null]);
    const relevance = outputs['relevance'];
    if (relevance === undefined) throw new Error('an explanation has a relevance');
    expect(concentration(relevance, animal)).toBeGreaterThan(1.5);
    expect(concentration(relevance, ground)).toBeLessThan(0.5);
  },
  60_000,
);
