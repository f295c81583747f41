import { arrayTensor } from '../../models/tensors/tensor.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { checkInsideBox, intersection } from '../../services/explanation/inputBox.ts';
import { planned } from './explainRows.ts';
import { chain, randomTensor } from './networks.ts';

const NETWORK = chain(
  [2, 1, 2],
  [
    { type: 'reshape', shape: [4] },
    { type: 'dense', weight: randomTensor([2, 4], 92), bias: null },
  ],
);

function input(...values: readonly number[]) {
  return arrayTensor([values.length / 4, 2, 1, 2], Float32Array.from(values));
}

function fault(check: () => void): ElucidError {
  try {
    check();
  } catch (error) {
    if (error instanceof ElucidError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('an input outside of its box', () => {
  test('is refused by its worst element', () => {
    const error = fault(() => checkInsideBox(input(0, 1, 0, 1, 0, -0.25, 1.5, 1), { low: 0, high: 1 }));
    expect(error.code).toBe('out-of-box');
    expect(error.faults).toEqual([{ pointer: '/input', detail: 'element [1, 1, 0, 0] is 1.5, allowed is 0 to 1' }]);
    expect(error.message).toContain('element [1, 1, 0, 0] is 1.5, allowed is 0 to 1');
  });

  test('is worst where the excess is largest relative to the width of the box there', () => {
    const box = { low: [0, 0], high: [1, 100] };
    expect(fault(() => checkInsideBox(input(1.5, 0, 0, 110), box)).message).toContain('element [0, 0, 0, 0]');
  });

  test('is measured element by element under a box of the input', () => {
    const box = { low: Float32Array.of(0, 0, 0, 0), high: Float32Array.of(1, 2, 3, 4) };
    expect(fault(() => checkInsideBox(input(1, 2, 3, 5), box)).message).toContain('element [0, 1, 0, 1] is 5');
  });

  test('may be out by what rounding does', () => {
    expect(() => checkInsideBox(input(1 + 5e-7, 0, -5e-7, 1), { low: 0, high: 1 })).not.toThrow();
  });
});

describe('the box that a plan requires', () => {
  const required = (composite: unknown) =>
    planned({ network: NETWORK, box: { low: 0, high: 1 } }, 'lrp', { composite }).requiredBox;
  const zBox = (options: object) => [{ match: { first: true }, rule: { name: 'z-box', ...options } }];

  test("is the model's where z-box gives none", () => {
    expect(required(zBox({}))).toEqual({ low: 0, high: 1 });
    expect(required('deep-taylor')).toEqual({ low: 0, high: 1 });
  });

  test('is the one that z-box gives', () => {
    expect(required(zBox({ low: -2, high: [1, 3] }))).toEqual({ low: -2, high: [1, 3] });
  });

  test('is none where no rule uses it', () => {
    expect(required('epsilon')).toBeNull();
  });

  test('is what lies in all boxes where there are several', () => {
    const both = intersection(
      [
        { low: 0, high: [1, 3] },
        { low: -1, high: 2 },
      ],
      [2, 1, 2],
    );
    expect(both).toEqual({ low: Float32Array.of(0, 0, 0, 0), high: Float32Array.of(1, 1, 2, 2) });
  });
});
