import { arrayTensor } from '../../models/tensors/tensor.ts';
import { filterLayer } from '../../services/compute/filters.ts';
import { NetworkSketch } from '../explanation/networks.ts';

const convolution = (out: number, channels: number) => {
  const windows = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;
  const weight = arrayTensor([out, channels, 3, 3], new Float32Array(out * channels * 9));
  return { type: 'conv2d', weight, bias: null, ...windows } as const;
};

/** Two convolutions read the input, one of them behind an affine layer; a third reads the first. */
function branching() {
  const sketch = new NetworkSketch([3, 9, 9]);
  const first = sketch.add(convolution(2, 3));
  sketch.add(convolution(4, 2), [first]);
  const scale = arrayTensor([3], Float32Array.of(1, 2, 3));
  const affine = sketch.add({ type: 'affine', scale, offset: scale }, [-1]);
  const second = sketch.add(convolution(5, 3), [affine]);
  sketch.add({ type: 'concat', axis: 0 }, [first, second]);
  sketch.flatten();
  return sketch.network();
}

test.each([
  ['conv2d0', { index: 0, shape: [2, 3, 3, 3] }],
  ['conv2d3', { index: 3, shape: [5, 3, 3, 3] }],
])('%s sees the input', (name, expected) => {
  expect(filterLayer(branching(), name)).toEqual(expected);
});

test.each([
  ['conv2d1', 'conv2d1 (conv2d) is none; here: conv2d0, conv2d3'],
  ['affine2', 'affine2 (affine) is none; here: conv2d0, conv2d3'],
])('%s does not, and those that do are named', (name, message) => {
  expect(() => filterLayer(branching(), name)).toThrow(
    expect.objectContaining({ code: 'not-applicable', message: expect.stringContaining(message) }),
  );
});

test('an unknown layer is told the names', () => {
  expect(() => filterLayer(branching(), 'conv1')).toThrow(
    expect.objectContaining({
      code: 'unknown-layer',
      message: 'there is no layer "conv1"; there are conv2d0, conv2d1, affine2, conv2d3, concat4, reshape5',
    }),
  );
});

test('a network that begins with a dense layer has no filters', () => {
  const sketch = new NetworkSketch([4]);
  const weight = arrayTensor([2, 4], new Float32Array(8));
  sketch.add({ type: 'dense', weight, bias: null });
  expect(() => filterLayer(sketch.network(), 'dense0')).toThrow('dense0 (dense) is none; this model has none');
});
