import type { Network } from '../../models/network.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { outputsOfModel } from '../../services/compute/outputs.ts';
import { resolveTarget } from '../../services/compute/targets.ts';

function networkOf(count: number, outputFunction: Network['outputFunction']): Network {
  const weight = arrayTensor([count, 18], new Float32Array(18 * count));
  return {
    id: 'test',
    inputShape: [2, 3, 3],
    layers: [
      { name: 'relu', type: 'activation', inputs: [-1], shape: [2, 3, 3], function: { name: 'relu' } },
      { name: 'flatten', type: 'reshape', inputs: [0], shape: [18] },
      { name: 'fc', type: 'dense', inputs: [1], shape: [count], weight, bias: null },
    ],
    output: 2,
    outputFunction,
  };
}

function outputs(labels: readonly string[] | null, count: number, outputFunction: Network['outputFunction']) {
  const network = networkOf(count, outputFunction);
  return { network, ...outputsOfModel({ labels } as RegisteredModel, network) };
}

const SYNSETS = [
  'n02123045 tabby, tabby cat',
  'n03791053 motor scooter, scooter',
  'n02119789 kit fox',
  'n1 crane',
  'crane',
];
const imagenet = outputs(SYNSETS, SYNSETS.length, 'softmax');
const rowOf = (target: Parameters<typeof resolveTarget>[0], of = imagenet) => {
  return [...resolveTarget(target, of, of.network).row];
};

test('predicted leaves the choice to the network', () => {
  expect(rowOf('predicted')).toEqual([0, 0, 0, 0, 0]);
  const own = Float32Array.of(1, 3, 3, 2, 0);
  expect(resolveTarget('predicted', imagenet, imagenet.network).describe(own)).toMatchObject({
    index: 1,
    label: SYNSETS[1],
  });
});

test.each([
  [1, 1],
  ['motor scooter, scooter', 1],
  ['n03791053 Motor Scooter, scooter', 1],
  ['SCOOTER', 1],
  ['tabby cat', 0],
  ['2', 2],
])('%p is output %i', (target, index) => {
  expect(rowOf(target)?.indexOf(1)).toBe(index);
});

test('a label of digits beats an index', () => {
  expect(rowOf('0', outputs(['1', '0'], 2, 'softmax'))).toEqual([0, 1]);
});

test.each([
  [7, /0 to 4.*received 7/],
  ['dog', /"dog" is unknown.*0 to 4.*tabby/],
  ['9', /0 to 4.*received 9/],
  [{ weights: { dog: 1 } }, /"dog" is unknown/],
  [{ weights: { '1': 1, scooter: -1 } }, /twice/],
])('%j is refused', (target, message) => {
  expect(() => resolveTarget(target, imagenet, imagenet.network)).toThrow(message);
});

test('an ambiguous label names the candidates', () => {
  const twice = outputs(['crane, bird', 'crane, machine'], 2, 'softmax');
  expect(() => resolveTarget('crane', twice, twice.network)).toThrow(
    /ambiguous: 0 \(crane, bird\), 1 \(crane, machine\)/,
  );
});

test('weights give a contrastive target', () => {
  const target = resolveTarget({ weights: { scooter: 1, '0': -2 } }, imagenet, imagenet.network);
  expect([...target.row]).toEqual([-2, 1, 0, 0, 0]);
  const described = target.describe(Float32Array.of(3, 5, 0, 0, 0));
  expect(described).toEqual({ index: null, label: null, weights: { '0': -2, '1': 1 }, unit: null });
});

describe('a hidden unit', () => {
  const resolve = (target: Parameters<typeof resolveTarget>[0]) => resolveTarget(target, imagenet, imagenet.network);

  test('is a channel and a position: one-hot vectors of both', () => {
    const { row, unit } = resolve({ layer: 'relu', channel: 1, position: [2, 0] });
    expect([unit, [...row]]).toEqual([0, [0, 1, 0, 0, 1, 1, 0, 0]]);
  });

  test('without a position is left to the maximum', () => {
    const target = resolve({ layer: 'relu', channel: 0 });
    expect([...target.row]).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
    expect(target.describe(new Float32Array(5)).unit).toEqual({ layer: 'relu', channel: 0, position: null });
  });

  test('of a vector is one of its elements', () => {
    expect(resolve({ layer: 'flatten', channel: 17 }).row.indexOf(1)).toBe(17);
  });

  test.each([
    [{ layer: 'conv9', channel: 0 }, /"conv9" is unknown; allowed: relu, flatten, fc/],
    [{ layer: 'relu', channel: 2 }, /0 to 1; received 2/],
    [{ layer: 'relu', channel: 0, position: [0, 3] as [number, number] }, /up to \[2, 2\]; received \[0, 3\]/],
    [{ layer: 'fc', channel: 0, position: [0, 0] as [number, number] }, /none, as the layer holds a vector/],
  ])('%j is refused', (target, message) => {
    expect(() => resolve(target)).toThrow(message);
  });
});

describe('a single sigmoid output with two labels', () => {
  const binary = outputs(['no', 'yes'], 1, 'sigmoid');

  test('index 1 explains z, index 0 explains −z', () => {
    expect(rowOf('yes', binary)).toEqual([1]);
    expect(rowOf(0, binary)).toEqual([-1]);
  });

  test('the likelier of the two is predicted', () => {
    expect(binary.prediction(Float32Array.of(-1))).toMatchObject({ index: 0, label: 'no', score: 1 });
    expect(binary.prediction(Float32Array.of(-1)).probability).toBeCloseTo(1 / (1 + Math.exp(-1)), 12);
  });

  test('equal weights on both cancel and are refused', () => {
    expect(() => resolveTarget({ weights: { yes: 1, no: 1 } }, binary, binary.network)).toThrow(/cancel/);
  });
});

test('the five largest scores are listed, the first of equal ones first, with their softmax', () => {
  const of = outputs(null, 7, 'softmax');
  const { top, index } = of.prediction(Float32Array.of(0, 2, 1, 2, -1, 0.5, 0.25));
  expect(index).toBe(1);
  expect(top.map((output) => output.index)).toEqual([1, 3, 2, 5, 6]);
  const sum = [0, 2, 1, 2, -1, 0.5, 0.25].reduce((total, score) => total + Math.exp(score), 0);
  expect(top[0]?.probability).toBeCloseTo(Math.exp(2) / sum, 12);
  expect(outputs(null, 2, 'none').prediction(Float32Array.of(1, 2)).probability).toBeNull();
});
