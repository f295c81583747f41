import type { CaffeMessage } from '../../models/importers/caffe/net.ts';
import type { Shape } from '../../models/tensors/tensor.ts';
import { blobOf, NetSketch } from './caffeNets.ts';
import { expectAsCaffe, importedSketch } from './importedCaffe.ts';
import { layerNamed, typesOf } from './importedKeras.ts';

const IMAGE = [4, 7, 9];

function sketch(inputShape: Shape = IMAGE): NetSketch {
  return new NetSketch(inputShape);
}

describe('Convolution', () => {
  const cases: readonly (readonly [string, CaffeMessage, readonly Shape[]])[] = [
    ['kernel_size', { num_output: 3, kernel_size: [3] }, [[3, 4, 3, 3], [3]]],
    ['no bias', { num_output: 3, kernel_size: [3], bias_term: false }, [[3, 4, 3, 3]]],
    [
      'lists of two',
      { num_output: 2, kernel_size: [3, 2], pad: [0, 1], stride: [1, 2], dilation: [2, 1] },
      [[2, 4, 3, 2], [2]],
    ],
    [
      'one field per side',
      { num_output: 2, kernel_h: 3, kernel_w: 5, pad_w: 2, stride_h: 2, stride_w: 1 },
      [[2, 4, 3, 5], [2]],
    ],
    ['groups', { num_output: 6, kernel_size: 3, group: 2, pad: 1, stride: 2 }, [[6, 2, 3, 3], [6]]],
    [
      'fields that only say how',
      { num_output: 1, kernel_size: 1, engine: 'CUDNN', axis: 1, weight_filler: { type: 'xavier' } },
      [[1, 4, 1, 1], [1]],
    ],
  ];
  test.each(cases)('with %s', (_name, message, blobs) => {
    expectAsCaffe(sketch().add('Convolution', 'conv', message, blobs));
  });
});

describe('Deconvolution', () => {
  const cases: readonly (readonly [string, CaffeMessage, readonly Shape[]])[] = [
    ['stride and pad', { num_output: 3, kernel_size: 4, stride: 2, pad: 1 }, [[4, 3, 4, 4], [3]]],
    ['groups', { num_output: 6, kernel_size: 3, stride: 2, group: 2, bias_term: false }, [[4, 3, 3, 3]]],
    [
      'a group per channel, sides that differ',
      { num_output: 4, kernel_h: 4, kernel_w: 2, stride_h: 2, stride_w: 1, group: 4 },
      [[4, 1, 4, 2], [4]],
    ],
    ['dilation', { num_output: 2, kernel_size: 3, dilation: 2 }, [[4, 2, 3, 3], [2]]],
  ];
  test.each(cases)('with %s', (_name, message, blobs) => {
    expectAsCaffe(sketch().add('Deconvolution', 'deconv', message, blobs));
  });
});

describe('Pooling', () => {
  const windows: readonly (readonly [string, Shape, CaffeMessage])[] = [
    ['windows that fit', [2, 6, 6], { kernel_size: 2, stride: 2 }],
    ['windows that hang over the border', [2, 8, 8], { kernel_size: 3, stride: 2 }],
    ['windows of one cell and an overhang', [2, 5, 6], { kernel_h: 2, kernel_w: 3, stride_h: 3, stride_w: 4 }],
    ['padding', [2, 7, 7], { kernel_size: 3, stride: 2, pad: 1 }],
    ['padding and a last window that would start in it', [2, 6, 5], { kernel_size: 2, stride: 2, pad: 1 }],
    ['padding of one side, which clips along both', [2, 6, 7], { kernel_size: 3, stride: 3, pad_h: 2 }],
    ['strides beyond the windows', [1, 8, 8], { kernel_size: 2, stride: 3 }],
    ['large padding', [1, 4, 5], { kernel_size: 5, stride: 3, pad: 4 }],
    ['round_mode FLOOR', [2, 8, 7], { kernel_size: 3, stride: 2, round_mode: 'FLOOR' }],
    ['round_mode FLOOR and padding', [2, 8, 6], { kernel_size: 3, stride: 2, pad: 1, round_mode: 'FLOOR' }],
    ['global_pooling', [3, 5, 4], { global_pooling: true }],
  ];
  test.each(windows)('MAX and AVE with %s', (_name, inputShape, message) => {
    expectAsCaffe(sketch(inputShape).add('Pooling', 'max', { pool: 'MAX', ...message }));
    expectAsCaffe(sketch(inputShape).add('Pooling', 'mean', { pool: 'AVE', ...message }));
  });

  test('every size, window, stride and padding that Caffe allows, or else is refused as a window without cells', () => {
    let [same, refused] = [0, 0];
    for (const size of [3, 4, 5, 6]) {
      for (const kernel of [1, 2, 3]) {
        for (const stride of [1, 2, 3, 4]) {
          for (let pad = 0; pad < kernel; pad += 1) {
            const starts = Math.ceil((size + 2 * pad - kernel) / stride);
            const empty = pad === 0 && starts * stride >= size;
            const net = sketch([1, size, size]).add('Pooling', 'p', { pool: 'AVE', kernel_size: kernel, stride, pad });
            if (empty) expect(() => importedSketch(net)).toThrow('can lie outside the input');
            else expectAsCaffe(net);
            if (empty) refused += 1;
            else same += 1;
          }
        }
      }
    }
    expect([same, refused]).toEqual([83, 13]);
  });
});

describe('InnerProduct', () => {
  test('flattens an image by a layer of its own', () => {
    const network = expectAsCaffe(sketch().add('InnerProduct', 'ip', { num_output: 5 }, [[5, 252], [5]]));
    expect(network.layers.map(({ name }) => name)).toEqual(['ip/flatten', 'ip']);
  });

  test('on a vector, with a transposed weight and without bias', () => {
    const message = { num_output: 3, transpose: true, bias_term: false, axis: -1 };
    const network = expectAsCaffe(sketch([6]).add('InnerProduct', 'ip', message, [[6, 3]]));
    expect(typesOf(network)).toEqual(['dense']);
  });

  test('with the four-sided blobs of old files', () => {
    const values = (count: number) => Array.from({ length: count }, (_, k) => Math.sin(k));
    const blobs = [blobOf([1, 1, 3, 6], values(18), true), blobOf([1, 1, 1, 3], values(3), true)];
    expectAsCaffe(sketch([6]).add('InnerProduct', 'ip', { num_output: 3 }, blobs));
  });
});

describe('functions of single elements', () => {
  test.each([
    ['ReLU', {}],
    ['ReLU', { negative_slope: 0.3 }],
    ['ELU', {}],
    ['ELU', { alpha: 0.5 }],
    ['Sigmoid', {}],
    ['TanH', {}],
    ['AbsVal', {}],
    ['BNLL', {}],
    ['Clip', { min: -0.25, max: 0.5 }],
    ['Exp', {}],
    ['Exp', { base: 2, scale: 0.5, shift: 1 }],
    ['Power', {}],
    ['Power', { scale: 2, shift: -0.5 }],
    ['Power', { power: 2 }],
    ['Power', { power: 3, scale: -2, shift: 0.5 }],
    ['Power', { power: 0.5, shift: 1.5 }],
    ['Power', { power: -1, scale: 0.5, shift: 2 }],
    ['Power', { power: 0, scale: 3 }],
    ['Power', { power: 2, scale: 0, shift: -3 }],
    ['Log', { shift: 1.25 }],
    ['Log', { base: 2, scale: 0.5, shift: 2 }],
  ] as const)('%s %j', (type, message) => {
    const network = expectAsCaffe(sketch().add(type, 'f', message));
    expect(network.layers.map(({ name }) => name)).toContain('f');
  });

  test('PReLU with a slope per channel, of images and vectors, and with one for all', () => {
    expectAsCaffe(sketch().add('PReLU', 'f', {}, [[4]]));
    expectAsCaffe(sketch([6]).add('PReLU', 'f', {}, [[6]]));
    expectAsCaffe(sketch().add('PReLU', 'f', { channel_shared: true }, [[]]));
    expectAsCaffe(sketch().add('PReLU', 'f', { channel_shared: true }, [[1]]));
  });
});

describe('normalisation', () => {
  test.each([
    ['across channels', { local_size: 3, alpha: 2, beta: 0.5, k: 2 }],
    ['across channels, by its defaults', {}],
    ['within a channel, where k does not count', { norm_region: 'WITHIN_CHANNEL', local_size: 5, alpha: 3, k: 9 }],
    ['by the number of the region', { norm_region: 1, local_size: 3, alpha: 3 }],
  ])('LRN %s', (_name, message) => {
    const named = { ...message, norm_region: 'norm_region' in message ? 'WITHIN_CHANNEL' : 'ACROSS_CHANNELS' };
    expectAsCaffe(sketch().add('LRN', 'norm', named));
    const [layer, expected] = [message, named].map((m) => importedSketch(sketch().add('LRN', 'norm', m)).layers[0]);
    expect(layer).toEqual(expected);
  });

  const mean = [0.5, -1, 2, 3];
  const variance = [1, 2, 3, 0.25];

  test.each([
    ['with the weight of a moving average', 2.5, {}],
    ['with the weight 0, of a net that was never trained', 0, { eps: 0.5 }],
    ['with an eps', 1, { eps: 0.01, use_global_stats: true, moving_average_fraction: 0.9 }],
  ])('BatchNorm %s', (_name, weight, message) => {
    const blobs = [blobOf([4], mean), blobOf([4], variance), blobOf([1], [weight])];
    expectAsCaffe(sketch().add('BatchNorm', 'bn', message, blobs));
  });

  test('BatchNorm and Scale fold into the convolution before them', () => {
    const blobs = [blobOf([4], mean), blobOf([4], variance), blobOf([1], [1])];
    const network = expectAsCaffe(
      sketch()
        .add('Convolution', 'conv', { num_output: 4, kernel_size: 3, bias_term: false }, [[4, 4, 3, 3]])
        .add('BatchNorm', 'bn', {}, blobs, { inPlace: true })
        .add('Scale', 'scale', { bias_term: true }, [[4], [4]], { inPlace: true })
        .add('ReLU', 'relu', {}, [], { inPlace: true }),
    );
    expect(network.layers.slice(0, 2).map(({ name, type }) => [name, type])).toEqual([
      ['conv', 'conv2d'],
      ['relu', 'activation'],
    ]);
  });

  test('Scale and Bias, per channel and for all', () => {
    expectAsCaffe(sketch().add('Scale', 's', {}, [[4]]));
    expectAsCaffe(sketch().add('Scale', 's', { bias_term: true, axis: -3 }, [[4], [4]]));
    expectAsCaffe(sketch().add('Scale', 's', { num_axes: 0 }, [[]]));
    expectAsCaffe(sketch([5]).add('Scale', 's', { num_axes: -1 }, [[5]]));
    expectAsCaffe(sketch().add('Bias', 'b', {}, [[4]]));
    expectAsCaffe(sketch().add('Bias', 'b', { num_axes: 0 }, [[]]));
  });
});

describe('layers that join and part', () => {
  test.each([
    ['Eltwise', {}],
    ['Eltwise', { operation: 'SUM', coeff: [0.5, -2] }],
    ['Eltwise', { operation: 1, coeff: [1, 1] }],
    ['Concat', {}],
    ['Concat', { axis: 2 }],
    ['Concat', { axis: -1 }],
    ['Concat', { concat_dim: 1 }],
  ])('%s %j', (type, message) => {
    const net = sketch()
      .add('TanH', 'a')
      .add('AbsVal', 'b', {}, [], { bottoms: ['data'] });
    expectAsCaffe(net.add(type, 'both', message, [], { bottoms: ['a', 'b'] }));
  });

  test.each([
    ['equal parts', {}],
    ['points', { slice_point: [1] }],
    ['points along the height', { axis: 2, slice_point: 3 }],
    ['the older name', { slice_dim: 1, slice_point: [3] }],
  ])('Slice in %s, of which both are used', (_name, message) => {
    for (const used of ['a', 'b']) {
      const net = sketch().add('Slice', 'cut', message, [], { tops: ['a', 'b'] });
      const network = expectAsCaffe(net.add('AbsVal', 'f', {}, [], { bottoms: [used] }));
      expect(network.layers.map(({ name }) => name)).toEqual([`cut/${used}`, 'f', 'f/flatten']);
    }
  });

  test('Split and Concat of one', () => {
    const net = sketch().add('Split', 'copies', {}, [], { tops: ['a', 'b'] });
    net.add('TanH', 'c', {}, [], { bottoms: ['a'] }).add('Concat', 'd');
    expectAsCaffe(net.add('Eltwise', 'sum', {}, [], { bottoms: ['b', 'd'] }));
  });
});

describe('layers that change the shape', () => {
  test.each([
    ['Flatten', {}],
    ['Flatten', { axis: 2 }],
    ['Flatten', { axis: 1, end_axis: 2 }],
    ['Reshape', { shape: { dim: [0, -1] } }],
    ['Reshape', { shape: { dim: [1, 28, 9] } }],
    ['Reshape', { shape: { dim: [-1, 28, 9] } }],
    ['Reshape', { shape: { dim: [0, 2, -1, 0] } }],
    ['Reshape', { shape: { dim: [2, -1] }, axis: 1, num_axes: 1 }],
    ['Reshape', { shape: { dim: [3, 3] }, axis: -2 }],
    ['Reshape', { shape: { dim: [1] }, axis: -1, num_axes: 0 }],
    ['Permute', { order: [0, 2, 3, 1] }],
    ['Permute', { order: [0, 3] }],
  ])('%s %j', (type, message) => {
    const net = sketch().add('TanH', 'f').add(type, 'moved', message);
    expectAsCaffe(net);
  });

  test.each([
    ['offset for both', { offset: [1] }],
    ['offsets', { offset: [2, 3] }],
    ['no offset', {}],
    ['channels too', { axis: 1, offset: [1, 0, 2] }],
  ])('Crop with %s', (_name, message) => {
    const net = sketch().add('Convolution', 'small', { num_output: 2, kernel_size: 4 }, [[2, 4, 4, 4], [2]]);
    net.add('TanH', 'large', {}, [], { bottoms: ['data'] });
    expectAsCaffe(net.add('Crop', 'cut', message, [], { bottoms: ['large', 'small'] }));
  });

  test('Dropout changes nothing', () => {
    const network = expectAsCaffe(
      sketch([4]).add('TanH', 'f').add('Dropout', 'd', { dropout_ratio: 0.5 }, [], { inPlace: true }),
    );
    expect(typesOf(network)).toEqual(['activation']);
  });
});

test('layers in place write their blob again: whoever reads it later reads the last value', () => {
  const net = sketch()
    .add('Convolution', 'conv', { num_output: 3, kernel_size: 1 }, [[3, 4, 1, 1], [3]])
    .add('ReLU', 'relu', { negative_slope: 0.5 }, [], { inPlace: true })
    .add('TanH', 'tanh', {}, [], { inPlace: true })
    .add('Sigmoid', 'other', {}, [], { bottoms: ['conv'] });
  const network = expectAsCaffe(net.add('Eltwise', 'sum', {}, [], { bottoms: ['other', 'conv'] }));
  expect(network.layers.map(({ name }) => name)).toEqual(['conv', 'relu', 'tanh', 'other', 'sum', 'sum/flatten']);
  expect(layerNamed(network, 'sum', 'add').inputs).toEqual([3, 2]);
});
