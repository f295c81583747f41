import type * as TensorFlow from '@tensorflow/tfjs-core';
import { crossEntropy, divergence, drawCode, posterior } from '../../../training/generator/variational.ts';
import { openWasm } from '../wasm.ts';

let tf: typeof TensorFlow;
beforeAll(async () => {
  tf = await openWasm();
});

const normal = (z: number, mean: number, variance: number) =>
  Math.exp(-((z - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);

describe('the variational bound', () => {
  it('splits what an encoder computes into means and logarithms of variances', () => {
    const { mean, logVariance } = posterior(tf, tf.tensor2d([[1, 2, 3, 4]]));
    expect([...mean.dataSync()]).toEqual([1, 2]);
    expect([...logVariance.dataSync()]).toEqual([3, 4]);
  });

  it('draws μ + σ ε', () => {
    const code = { mean: tf.tensor2d([[1, -2]]), logVariance: tf.tensor2d([[0, Math.log(9)]]) };
    const [first = 0, second = 0] = drawCode(tf, code, tf.tensor2d([[0.5, -1]])).dataSync();
    expect(first).toBeCloseTo(1.5, 5);
    expect(second).toBeCloseTo(-5, 5);
  });

  it('has the divergence that integrating p log(p / q) gives', () => {
    const means = [0.7, -1.2];
    const variances = [0.3, 2];
    let integral = 0;
    for (const [at, mean] of means.entries()) {
      const variance = variances[at] ?? 1;
      for (let z = -15; z < 15; z += 0.001) {
        const p = normal(z, mean, variance);
        if (p > 0) integral += 0.001 * p * Math.log(p / normal(z, 0, 1));
      }
    }
    const code = { mean: tf.tensor2d([means]), logVariance: tf.tensor2d([variances.map(Math.log)]) };
    expect(divergence(tf, code).dataSync()[0]).toBeCloseTo(integral, 3);
  });

  it('adds the cross-entropy of the pixels of each picture, and is finite at 0 and 1', () => {
    const x = [0, 1, 0.25, 0.5];
    const y = [0.1, 0.8, 0.25, 0.9];
    const expected = x.reduce((sum, own, at) => {
      const decoded = y[at] ?? 0;
      return sum - own * Math.log(decoded) - (1 - own) * Math.log(1 - decoded);
    }, 0);
    const [one, two] = [tf.tensor2d([x, x]), tf.tensor2d([y, y])];
    expect(crossEntropy(tf, one, two).dataSync()[0]).toBeCloseTo(expected, 4);
    expect(crossEntropy(tf, tf.tensor2d([[0, 1]]), tf.tensor2d([[1, 0]])).dataSync()[0]).toBeGreaterThan(20);
  });
});
