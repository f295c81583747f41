import * as tf from '@tensorflow/tfjs-core';
import { MissingTensorError, type TensorStore } from '../../models/tensors/store.ts';
import { arrayTensor, type StoredTensor } from '../../models/tensors/tensor.ts';
import { type Engine, EngineError, type NamedTensors } from '../../services/engine/engine.ts';
import { BATCH, type Graph } from '../../services/engine/graph.ts';
import { GraphBuilder } from '../../services/engine/graphBuilder.ts';
import { tensorflowAddon } from '../../services/engine/tensorflow/backend.ts';
import { relativeError } from './caseGraphs.ts';
import { enginesUnderTest, temporaryStore } from './enginesUnderTest.ts';
import { randomValues, seededRandom } from './random.ts';
import { runReference } from './reference.ts';

const FOLDER = 'executables';
const random = seededRandom(7);

function tensor(shape: readonly number[]) {
  return arrayTensor(
    shape,
    randomValues(
      shape.reduce((a, b) => a * b, 1),
      'signed',
      random,
    ),
  );
}

/** A small network and a backward pass: layouts, constants, derived constants and a scalar input all occur. */
function smallNetwork(): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', [BATCH, 2, 8, 8]);
  const epsilon = b.input('epsilon', []);
  const weights = b.constant(tensor([4, 2, 3, 3]));
  const attributes = { stride: [2, 2], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 } as const;
  const pool = { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] } as const;
  const hidden = b.relu(b.conv2d(x, weights, b.constant(tensor([4])), attributes));
  const pooled = b.maxPool2d(hidden, pool);
  const dense = b.constant(tensor([3, 16]));
  const scores = b.matMul(b.reshape(pooled, [BATCH, 16]), dense, null, { transposeB: true });
  const start = b.mul(scores, b.oneHotMax(scores));
  const spread = b.reshape(b.matMul(start, b.relu(dense)), [BATCH, 4, 2, 2]);
  const unpooled = b.maxPool2dBackward(hidden, b.div(spread, b.add(pooled, epsilon)), pool);
  const relevance = b.mul(x, b.conv2dTranspose(unpooled, b.relu(weights), attributes, [8, 8]));
  return b.build({ scores, relevance });
}

function inputsFor(batch: number): NamedTensors {
  return { x: tensor([batch, 2, 8, 8]), epsilon: arrayTensor([], Float32Array.of(0.5)) };
}

describe.each(enginesUnderTest)('an executable of $name', ({ create }) => {
  let engine: Engine;
  let temporary: { store: TensorStore; remove: () => Promise<void> };

  beforeAll(async () => {
    temporary = await temporaryStore();
    engine = await create(temporary.store);
  });
  afterAll(async () => {
    await engine.dispose();
    await temporary.remove();
  });

  test('refuses inputs that are missing, unknown or of another shape, and says what it expects', async () => {
    const executable = await engine.compile(smallNetwork(), FOLDER);
    const { x, epsilon } = inputsFor(2);
    if (x === undefined || epsilon === undefined) throw new Error('no inputs');
    await expect(executable.run({ x })).rejects.toThrow(/epsilon/);
    await expect(executable.run({ x, epsilon, y: x })).rejects.toThrow(/unknown input y/);
    const wrong = executable.run({ x: tensor([2, 3, 8, 8]), epsilon });
    await expect(wrong).rejects.toBeInstanceOf(RangeError);
    await expect(wrong).rejects.toThrow(/x must have shape \[N, 2, 8, 8\], got \[2, 3, 8, 8\]/);
    await executable.dispose();
  });

  test('a graph may hold the tensors of several models', async () => {
    const stored = (folder: string): StoredTensor => ({ kind: 'stored', shape: [3], folder, key: 'w' });
    const [one, other] = [stored('one-model'), stored('other-model')];
    await temporary.store.write(one, Float32Array.of(1, 2, 3));
    await temporary.store.write(other, Float32Array.of(10, 20, 30));
    const b = new GraphBuilder();
    const sum = b.add(b.mul(b.input('x', [BATCH, 3]), b.constant(one)), b.constant(other));
    const graph = b.build({ sum });
    for (const _compiledThenFound of [1, 2]) {
      const executable = await engine.compile(graph, 'one-model');
      const { sum } = await executable.run({ x: arrayTensor([1, 3], Float32Array.of(1, 1, 2)) });
      expect([...(sum?.data ?? [])]).toEqual([11, 22, 36]);
      await executable.dispose();
    }
  });

  test('runs that overlap do not disturb each other', async () => {
    const graph = smallNetwork();
    const executable = await engine.compile(graph, FOLDER);
    const requests = [1, 4, 2, 1, 3].map(inputsFor);
    const results = await Promise.all(requests.map((inputs) => executable.run(inputs)));
    for (const [i, inputs] of requests.entries()) {
      for (const [name, expected] of Object.entries(runReference(graph, inputs))) {
        expect(relativeError(results[i]?.[name], expected)).toBeLessThan(1e-5);
      }
    }
    await executable.dispose();
  });

  test('the same inputs give the same bytes', async () => {
    const executable = await engine.compile(smallNetwork(), FOLDER);
    const inputs = inputsFor(3);
    expect(await executable.run(inputs)).toEqual(await executable.run(inputs));
    await executable.dispose();
  });

  test('reads its constants from the store', async () => {
    const stored: StoredTensor = { kind: 'stored', shape: [3, 4], folder: FOLDER, key: 'weights' };
    await temporary.store.write(
      stored,
      Float32Array.from({ length: 12 }, (_, i) => i),
    );
    const b = new GraphBuilder();
    const y = b.matMul(b.input('x', [BATCH, 4]), b.constant(stored), null, { transposeB: true });
    const executable = await engine.compile(b.build({ y }), FOLDER);
    const { y: result } = await executable.run({ x: arrayTensor([1, 4], Float32Array.of(1, 0, 0, 1)) });
    expect(result?.data).toEqual(Float32Array.of(3, 11, 19));
    await executable.dispose();
  });

  test('cannot be compiled without its constants', async () => {
    const missing: StoredTensor = { kind: 'stored', shape: [4], folder: FOLDER, key: 'missing' };
    const b = new GraphBuilder();
    const y = b.add(b.input('x', [BATCH, 4]), b.constant(missing));
    await expect(engine.compile(b.build({ y }), FOLDER)).rejects.toBeInstanceOf(MissingTensorError);
  });
});

describe('the tensorflow engine', () => {
  const [tensorflow] = enginesUnderTest;

  test('frees what a run allocates, and what an executable holds', async () => {
    const { store, remove } = await temporaryStore();
    const engine = await tensorflow?.create(store);
    const before = tf.memory().numTensors;
    const executable = await engine?.compile(smallNetwork(), FOLDER);
    await executable?.run(inputsFor(2));
    const held = tf.memory();
    for (let i = 0; i < 5; i++) await executable?.run(inputsFor(1 + i));
    expect(tf.memory()).toMatchObject({ numTensors: held.numTensors, numBytes: held.numBytes });
    await executable?.dispose();
    expect(tf.memory().numTensors).toBe(before);
    await expect(executable?.run(inputsFor(1))).rejects.toBeInstanceOf(EngineError);
    await remove();
  });

  test('frees everything when a constant is missing or an operation fails', async () => {
    const { store, remove } = await temporaryStore();
    const engine = await tensorflow?.create(store);
    const before = tf.memory().numTensors;
    const b = new GraphBuilder();
    const x = b.input('x', [BATCH, 4]);
    const present = b.add(x, b.constant(tensor([4])));
    const y = b.add(present, b.constant({ kind: 'stored', shape: [4], folder: FOLDER, key: 'missing' }));
    await expect(engine?.compile(b.build({ y }), FOLDER)).rejects.toBeInstanceOf(MissingTensorError);
    const broken = { ...b.add(x, x), operation: { name: 'matMul', transposeB: false } } as const;
    const executable = await engine?.compile({ inputs: [x], outputs: { y: broken } }, FOLDER);
    await expect(executable?.run({ x: tensor([1, 4]) })).rejects.toThrow(/^matMul .* failed/);
    await executable?.dispose();
    expect(tf.memory().numTensors).toBe(before);
    await remove();
  });

  test('runs on the device of its addon, and on wasm where that is not installed', async () => {
    const { store, remove } = await temporaryStore();
    const engine = await tensorflow?.create(store);
    const addon = await tensorflowAddon();
    expect([null, 'cpu', 'gpu']).toContain(addon);
    expect(engine?.name).toBe(`tensorflow/${addon ?? 'wasm'}`);
    await remove();
  });
});
