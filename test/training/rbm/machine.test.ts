import type * as TensorFlow from '@tensorflow/tfjs-core';
import { seededRandom } from '../../../training/random.ts';
import { fitMachine } from '../../../training/rbm/fitMachine.ts';
import {
  bernoulli,
  hiddenProbability,
  logDensity,
  type Machine,
  untrainedMachine,
  visibleProbability,
} from '../../../training/rbm/machine.ts';
import { contrastStep, gibbs } from '../../../training/rbm/persistentContrast.ts';
import { pseudoLikelihood } from '../../../training/rbm/pseudoLikelihood.ts';
import { openWasm } from '../wasm.ts';
import { agreement, enumeratedLogDensity, type PlainMachine, randomMachine, states } from './enumeration.ts';

let tf: typeof TensorFlow;
beforeAll(async () => {
  tf = await openWasm();
});

function machineOf({ weights, visibleBias, hiddenBias }: PlainMachine): Machine {
  return {
    weights: tf.variable(tf.tensor2d(weights.map((row) => [...row]))),
    visibleBias: tf.variable(tf.tensor1d([...visibleBias])),
    hiddenBias: tf.variable(tf.tensor1d([...hiddenBias])),
  };
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[], digits = 5) {
  expect(actual).toHaveLength(expected.length);
  for (const [at, value] of expected.entries()) expect(actual[at]).toBeCloseTo(value, digits);
}

describe('a machine of 3 visible and 4 hidden units', () => {
  const plain = randomMachine(3, 4, seededRandom(11));
  const visible = states(3);
  const hidden = states(4);
  const total = (v: number[], wanted: (h: number[]) => boolean) =>
    hidden.filter(wanted).reduce((sum, h) => sum + Math.exp(agreement(plain, v, h)), 0);

  it('has the log density that enumerating all hidden states gives', () => {
    const computed = logDensity(tf, machineOf(plain), tf.tensor2d(visible)).dataSync();
    expectClose(
      computed,
      visible.map((v) => enumeratedLogDensity(plain, v)),
    );
  });

  it('turns a hidden unit on as often as the joint distribution does', () => {
    const computed = hiddenProbability(tf, machineOf(plain), tf.tensor2d(visible)).dataSync();
    const expected = visible.flatMap((v) =>
      [0, 1, 2, 3].map((j) => total(v, (h) => h[j] === 1) / total(v, () => true)),
    );
    expectClose(computed, expected);
  });

  it('turns a visible unit on as often as the joint distribution does', () => {
    const computed = visibleProbability(tf, machineOf(plain), tf.tensor2d(hidden)).dataSync();
    const weight = (v: number[], h: number[]) => Math.exp(agreement(plain, v, h));
    const expected = hidden.flatMap((h) =>
      [0, 1, 2].map((i) => {
        const all = visible.reduce((sum, v) => sum + weight(v, h), 0);
        return visible.filter((v) => v[i] === 1).reduce((sum, v) => sum + weight(v, h), 0) / all;
      }),
    );
    expectClose(computed, expected);
  });

  it('visits every state as often as its probability says, by Gibbs sampling', () => {
    const chains = 4000;
    const random = seededRandom(5);
    const start = bernoulli(tf, tf.fill([chains, 3], 0.5), random);
    const ended = gibbs(tf, machineOf(plain), start, 40, random).arraySync();
    const weights = visible.map((v) => Math.exp(enumeratedLogDensity(plain, v)));
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    for (const [at, v] of visible.entries()) {
      const share = ended.filter((state) => v.every((on, i) => on === state[i])).length / chains;
      const probability = (weights[at] ?? 0) / all;
      expect(Math.abs(share - probability)).toBeLessThan(4 * Math.sqrt((probability * (1 - probability)) / chains));
    }
  });
});

describe('contrastStep', () => {
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

  /** Both conditionals, and the mean of v p(h | v)ᵀ, in plain loops. */
  function plainly({ weights, visibleBias, hiddenBias }: PlainMachine) {
    const up = (v: readonly number[]) =>
      hiddenBias.map((c, j) => sigmoid(v.reduce((sum, on, i) => sum + on * (weights[i]?.[j] ?? 0), c)));
    const down = (h: readonly number[]) =>
      visibleBias.map((b, i) => sigmoid(h.reduce((sum, on, j) => sum + on * (weights[i]?.[j] ?? 0), b)));
    const mean = (rows: readonly (readonly number[])[], value: (row: readonly number[]) => number) =>
      rows.reduce((sum, row) => sum + value(row), 0) / rows.length;
    return { up, down, mean };
  }

  it('moves the chains and the machine as the formula does by hand', () => {
    const plain = randomMachine(4, 3, seededRandom(3));
    const digits = [
      [1, 0, 1, 1],
      [0, 0, 1, 0],
    ];
    const chains = [
      [0, 1, 0, 1],
      [1, 1, 0, 0],
      [0, 0, 0, 1],
    ];
    const step = { learningRate: 0.3, weightDecay: 0.2, sweeps: 2 };
    const machine = machineOf(plain);
    const moved = contrastStep(tf, machine, tf.tensor2d(digits), tf.tensor2d(chains), step, seededRandom(9));

    const { up, down, mean } = plainly(plain);
    const random = seededRandom(9);
    const drawn = (rows: number[][]) =>
      rows.map((row) => row.map((p) => Number(Math.fround(random()) < Math.fround(p))));
    let expected: number[][] = chains;
    for (let sweep = 0; sweep < 2; sweep++) expected = drawn(drawn(expected.map(up)).map(down));
    expect(moved.arraySync()).toEqual(expected);

    const change = (value: (row: readonly number[]) => number) => 0.3 * (mean(digits, value) - mean(expected, value));
    const weights = plain.weights.flatMap((row, i) =>
      row.map((w, j) => w + change((v) => (v[i] ?? 0) * (up(v)[j] ?? 0)) - 0.3 * 0.2 * w),
    );
    expectClose(machine.weights.dataSync(), weights);
    expectClose(
      machine.visibleBias.dataSync(),
      plain.visibleBias.map((b, i) => b + change((v) => v[i] ?? 0)),
    );
    expectClose(
      machine.hiddenBias.dataSync(),
      plain.hiddenBias.map((c, j) => c + change((v) => up(v)[j] ?? 0)),
    );
  });
});

/** Two kinds of pictures: the left half white, or the right half. */
function halves(count: number) {
  const pixels = Uint8Array.from({ length: count * 784 }, (_, at) => {
    const onTheLeft = at % 28 < 14;
    return onTheLeft === (Math.floor(at / 784) % 2 === 0) ? 255 : 0;
  });
  return { count, pixels, labels: new Uint8Array(count) };
}

describe('pseudoLikelihood', () => {
  it('is the sum of log p(v_i | all others), each by enumerating the hidden states', () => {
    const scaled = randomMachine(784, 3, seededRandom(21));
    const plain = { ...scaled, weights: scaled.weights.map((row) => row.map((w) => w / 20)) };
    const digits = halves(2);
    let expected = 0;
    for (let digit = 0; digit < 2; digit++) {
      const v = Array.from(digits.pixels.subarray(digit * 784, (digit + 1) * 784), (byte) => byte / 255);
      const own = enumeratedLogDensity(plain, v);
      for (const i of v.keys()) {
        const other = enumeratedLogDensity(plain, v.with(i, 1 - (v[i] ?? 0)));
        expected += own - other - Math.log1p(Math.exp(own - other));
      }
    }
    const computed = pseudoLikelihood(tf, machineOf(plain), digits, 2);
    expect(computed / (expected / 2)).toBeCloseTo(1, 4);
  });

  it('grows when a machine is trained', () => {
    const digits = halves(200);
    const schedule = { hidden: 4, epochs: 15, batchSize: 20, learningRate: 0.1, weightDecay: 1e-4, sweeps: 1, seed: 1 };
    const untrained = untrainedMachine(tf, 4, new Float32Array(784).fill(0.5), seededRandom(1));
    const trained = fitMachine(tf, digits, schedule, () => undefined);
    // 784 pixels by the toss of a coin
    expect(pseudoLikelihood(tf, untrained, digits, 2)).toBeCloseTo(-784 * Math.log(2), -1);
    expect(pseudoLikelihood(tf, trained, digits, 2)).toBeGreaterThan(-300);
  });
});
