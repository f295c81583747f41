import { join } from 'node:path';
import { controls } from '../../bench/prototypes/controls.ts';
import { openRealism, type Realism, type RealismMeasures } from '../../bench/prototypes/realism.ts';
import type { TensorStore } from '../../models/tensors/store.ts';
import { PIXELS, readDigits } from '../../training/mnist.ts';
import { temporaryStore } from '../support/engines.ts';
import { testDigits } from './zooModel.ts';

/** Real digits, the first of the test set. */
const REAL = 1000;

let store: TensorStore;
let remove: () => Promise<void>;
let measures: RealismMeasures;
const measured: Record<string, Realism> = {};
beforeAll(async () => {
  ({ store, remove } = await temporaryStore());
  const training = await readDigits(join(process.env['ELUCID_TEST_DATA'] ?? '', 'mnist'), 'train');
  // A few of the training digits: the distance is not what is tested here.
  const few = { ...training, count: 600, pixels: training.pixels.subarray(0, 600 * PIXELS) };
  measures = await openRealism(few, store);
  const shown = await controls(await testDigits(), store);
  for (const [kind, pictures] of Object.entries(shown)) measured[kind] = await measures.realism(pictures);
}, 300_000);
afterAll(async () => {
  await measures.dispose();
  await remove();
});

/** Share of the pairs of a digit and a control in which the digit scores higher. */
function shareAbove(digits: ArrayLike<number>, others: ArrayLike<number>): number {
  let above = 0;
  for (const digit of Array.from(digits)) for (const other of Array.from(others)) above += digit > other ? 1 : 0;
  return above / (digits.length * others.length);
}

test('there are 1000 real digits to compare with', () => {
  expect(measured['test digits']?.logOdds).toHaveLength(REAL);
});

test.each(['blank', 'noise', 'class means', 'ascents of mnist-mlp', 'ascents of mnist-cnn'])(
  'the classifier of real digits ranks test digits above %s',
  (kind) => {
    expect(shareAbove(measured['test digits']?.logOdds ?? [], measured[kind]?.logOdds ?? [])).toBeGreaterThan(0.99);
  },
);

test('pictures that are no whole ones are refused', async () => {
  await expect(measures.realism(new Float32Array(785))).rejects.toThrow('785 values are no pictures of 784 pixels');
});
