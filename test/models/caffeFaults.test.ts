import { draftOf } from '../../models/importers/caffe/draftOf.ts';
import type { CaffeMessage } from '../../models/importers/caffe/net.ts';
import { fileParameters, randomParameters } from '../../models/importers/caffe/parameters.ts';
import type { Shape } from '../../models/tensors/tensor.ts';
import { blobOf, NetSketch } from './caffeNets.ts';
import { importedSketch } from './importedCaffe.ts';

const IMAGE = [4, 6, 6];

/** What the import of a sketch says. */
function refusal(sketch: NetSketch): string {
  try {
    importedSketch(sketch);
  } catch (error) {
    expect(error).toMatchObject({ code: 'model-failed' });
    return error instanceof Error ? error.message : String(error);
  }
  return 'imported';
}

test('every unsupported layer on the way to the output is named at once, with type and reason', () => {
  const net = new NetSketch(IMAGE)
    .add('Convolution', 'conv', { num_output: 2, kernel_size: 3 }, [[2, 4, 3, 3]])
    .add('MVN', 'mvn')
    .add('Pooling', 'pool', { pool: 'STOCHASTIC', kernel_size: 2 }, [], { bottoms: ['data'] })
    .add('TanH', 'tanh', {}, [], { bottoms: ['data'] })
    .add('Eltwise', 'product', { operation: 'PROD' }, [], { bottoms: ['tanh', 'data'] })
    .add('Concat', 'all', {}, [], { bottoms: ['mvn', 'pool', 'product'] });
  expect(refusal(net)).toBe(
    '4 layers cannot be imported: ' +
      'conv (Convolution): the weights hold the blobs [2, 4, 3, 3] for it, expected [2, 4, 3, 3], [2]; ' +
      'mvn (MVN): layers of this type are not supported; ' +
      'pool (Pooling): pool: STOCHASTIC is not supported, as its result is random; ' +
      'product (Eltwise): operation: PROD is not supported, as it is no sum that relevance could be split by',
  );
});

test.each<readonly [string, string, CaffeMessage, readonly Shape[], string]>([
  ['no outputs', 'Convolution', { kernel_size: 3 }, [], 'convolution_param.num_output: '],
  ['no kernel', 'Convolution', { num_output: 2 }, [], 'states no kernel_size'],
  ['half a kernel', 'Convolution', { num_output: 2, kernel_h: 3 }, [], 'states kernel_size for one side only'],
  [
    'two kernels',
    'Convolution',
    { num_output: 2, kernel_size: 3, kernel_h: 3, kernel_w: 3 },
    [],
    'states kernel_size for both sides and for single ones',
  ],
  ['three sides', 'Convolution', { num_output: 2, kernel_size: [3, 3, 3] }, [], 'states kernel_size for 3 axes'],
  ['stride 0', 'Convolution', { num_output: 2, kernel_size: 3, stride: 0 }, [], 'convolution_param.stride'],
  [
    'groups that do not fit',
    'Convolution',
    { num_output: 3, kernel_size: 3, group: 2 },
    [],
    '4 channels and 3 outputs cannot be split into 2 groups',
  ],
  ['another axis', 'Convolution', { num_output: 3, kernel_size: 3, axis: 2 }, [], 'axis 2 is not supported'],
  [
    'an unknown field',
    'Convolution',
    { num_output: 2, kernel_size: 3, deformable: true },
    [],
    'convolution_param: the fields deformable are not supported',
  ],
  [
    'a window larger than the image',
    'Convolution',
    { num_output: 2, kernel_size: 9 },
    [[2, 4, 9, 9], [2]],
    'its output would have the shape [2, -2, -2]',
  ],
  ['MAX', 'Eltwise', { operation: 2 }, [], 'operation: MAX is not supported'],
  ['another operation', 'Eltwise', { operation: 'MIN' }, [], 'eltwise_param.operation: must be one of PROD, SUM, MAX'],
  ['one bottom', 'Eltwise', {}, [], 'takes two bottoms or more, got 1'],
  ['padding as large as the window', 'Pooling', { kernel_size: 2, pad: 2 }, [], 'pad must be less'],
  [
    'a kernel and all of it',
    'Pooling',
    { kernel_size: 2, global_pooling: true },
    [],
    'states a kernel together with global_pooling',
  ],
  [
    'all of it with strides',
    'Pooling',
    { stride: 2, global_pooling: true },
    [],
    'global_pooling needs stride 1 and pad 0',
  ],
  [
    "another program's field",
    'Pooling',
    { kernel_size: 2, ceil_mode: false },
    [],
    'the fields ceil_mode are not supported',
  ],
  ['an inner axis', 'InnerProduct', { num_output: 2, axis: 2 }, [], 'axis 2 of 4 axes is not supported'],
  ['an even window', 'LRN', { local_size: 4 }, [], 'local_size 4 is not allowed; it must be odd'],
  ['statistics of the batch', 'BatchNorm', { use_global_stats: false }, [], 'depends on the other items of a batch'],
  ['all axes', 'Scale', { num_axes: -1 }, [], 'only one value per channel or for all'],
  ['a base below 0', 'Log', { base: -2 }, [], 'base -2 is not allowed'],
  ['base 1', 'Log', { base: 1 }, [], 'base 1 has no logarithm'],
  ['a constant that is not finite', 'Power', { power: -1, scale: 0 }, [], 'its parameters give the constant Infinity'],
  ['the batch', 'Concat', { axis: 0 }, [], 'works along axis 0, the batch'],
  ['an axis that is not there', 'Flatten', { axis: 4 }, [], 'axis 4 of values with 4 axes'],
  ['axes in the wrong order', 'Flatten', { axis: 3, end_axis: 1 }, [], 'axis 3 is behind end_axis 1'],
  ['another batch', 'Reshape', { shape: { dim: [2, -1] } }, [], 'the batch has to stay the first axis'],
  [
    'the batch among the sides',
    'Reshape',
    { shape: { dim: [1, 0, -1] }, num_axes: 0 },
    [],
    'the batch has to stay the first axis',
  ],
  ['another size', 'Reshape', { shape: { dim: [0, 7] } }, [], 'cannot read [4, 6, 6] as [7]'],
  ['two open sides', 'Reshape', { shape: { dim: [0, -1, -1] } }, [], 'leaves more than one side open'],
  ['a batch that moves', 'Permute', { order: [1, 0] }, [], 'each once, and the batch, 0, first'],
  ['an axis twice', 'Permute', { order: [0, 1, 1] }, [], 'each once, and the batch, 0, first'],
  ['no reference', 'Crop', {}, [], 'takes two bottoms, got 1'],
  ['probabilities of pixels', 'Softmax', { axis: 2 }, [], 'axis 2 is not supported, only the channels'],
])('%s is refused: %s %j', (_name, type, message, blobs, expected) => {
  const said = refusal(new NetSketch(IMAGE).add(type, 'layer', message, blobs));
  expect(said).toContain(`layer (${type}): `);
  expect(said).toContain(expected);
});

describe('blobs', () => {
  const product = { num_output: 2, bias_term: false };

  test.each([
    ['other sides', [blobOf([3, 2], [1, 2, 3, 4, 5, 6])], 'blob 0 has the shape [3, 2], expected [2, 3]'],
    [
      'a value that is not finite',
      [blobOf([2, 3], [1, 2, 3, 4, 5, Number.NaN])],
      'blob 0 holds values that are not finite',
    ],
    [
      'one too many',
      [blobOf([2, 3], [1, 2, 3, 4, 5, 6]), blobOf([2], [1, 2])],
      'the weights hold the blobs [2, 3], [2] for it, expected [2, 3]',
    ],
  ])('with %s are refused', (_name, blobs, expected) => {
    expect(refusal(new NetSketch([3]).add('InnerProduct', 'ip', product, blobs))).toContain(
      `ip (InnerProduct): ${expected}`,
    );
  });

  test('that are missing are refused', () => {
    const said = refusal(new NetSketch([3]).add('InnerProduct', 'ip', { num_output: 2 }));
    expect(said).toContain('the weights hold no blobs for it, expected [2, 3], [2]');
  });

  test('at random are bounded', () => {
    const net = new NetSketch([3]).add('InnerProduct', 'ip', { num_output: 2 ** 29 }).net();
    const random = randomParameters({ seed: 1, filler: 'msra' });
    expect(() => draftOf(net, random, [3], null)).toThrow('needs [536870912, 3] weights; at most 536870912 in all');
  });
});

describe('the wiring', () => {
  test('with a bottom that nothing writes is refused', () => {
    const net = new NetSketch([3]).add('TanH', 'f', {}, [], { bottoms: ['nowhere'] });
    expect(refusal(net)).toBe('f (TanH) reads nowhere, which nothing before it writes');
  });

  test('with two inputs is refused, if both are used', () => {
    const input = { shape: { dim: [1, 3] } };
    const net = () => new NetSketch([3]).add('Input', 'other', input, [], { bottoms: [] });
    expect(refusal(net().add('Eltwise', 'sum', {}, [], { bottoms: ['data', 'other'] }))).toBe(
      'the net has 2 inputs (data, other); only one is supported',
    );
    expect(refusal(net().add('TanH', 'f', {}, [], { bottoms: ['data'] }))).toBe('imported');
  });

  test('without anything that computes, or without an input, is refused', () => {
    expect(refusal(new NetSketch([3]))).toBe('the net has no layer that computes anything');
  });

  test('that uses labels, or the mask of a pooling, is refused', () => {
    const labelled = new NetSketch([3]).add('Data', 'read', {}, [], { bottoms: [], tops: ['x', 'label'] });
    expect(refusal(labelled.add('Concat', 'c', {}, [], { bottoms: ['x', 'label'] }))).toContain(
      'c (Concat): reads label, the labels of read',
    );
    const pooled = new NetSketch(IMAGE).add('Pooling', 'pool', { kernel_size: 2 }, [], { tops: ['p', 'mask'] });
    expect(refusal(pooled.add('TanH', 'f', {}, [], { bottoms: ['mask'] }))).toContain(
      'f (TanH): reads mask, top 1 of a layer of which only 1 are supported',
    );
  });

  test('a measure in the middle is refused', () => {
    const net = new NetSketch(IMAGE).add('ArgMax', 'best').add('TanH', 'f');
    expect(refusal(net)).toContain('best (ArgMax): is only supported at the end, where it is left out');
  });
});

test('an input shape that is not the declared one is refused, by all that declare one', () => {
  const stated = [4, 6, 6];
  const nets = [
    new NetSketch([3, 6, 6]).add('TanH', 'f'),
    new NetSketch(stated).add('Input', 'in', { shape: [{ dim: [10, 3, 6, 6] }] }, [], { bottoms: [] }).add('TanH', 'f'),
    new NetSketch(stated)
      .add('MemoryData', 'in', { batch_size: 2, channels: 3, height: 6, width: 6 }, [], { bottoms: [] })
      .add('TanH', 'f'),
  ];
  for (const net of nets) {
    expect(() => draftOf(net.net(), fileParameters(new Map()), stated, null)).toThrow(
      'the manifest states the input shape [4, 6, 6], the net declares [3, 6, 6]',
    );
  }
});

test('a softmax that is not the last layer is refused', () => {
  expect(refusal(new NetSketch([3]).add('Softmax', 'p').add('TanH', 'f'))).toContain(
    'only supported as the last layer',
  );
});
