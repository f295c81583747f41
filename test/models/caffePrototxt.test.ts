import type { CaffeNet } from '../../models/importers/caffe/net.ts';
import { readNet } from '../../models/importers/caffe/prototxt.ts';
import { thrown } from './thrown.ts';

/** The parameters of the only layer of a net. */
function parametersOf(text: string): CaffeNet['layers'][number]['parameters'] {
  const { layers } = readNet(text);
  expect(layers).toHaveLength(1);
  return layers[0]?.parameters ?? {};
}

/** Names of the layers that are left at the phase TEST. */
function namesOf(text: string): readonly string[] {
  return readNet(text).layers.map(({ name }) => name);
}

test('a net of the second version, what only training reads dropped', () => {
  const net = readNet(`
    name: "LeNet"  # a comment { with "brackets
    force_backward: true
    state { phase: TRAIN stage: 'any' }
    debug_info: false
    layer {
      name: "data"
      type: "Input"
      top: "data"
      input_param { shape: { dim: 64 dim: 1 dim: 28 dim: 28 } }
    }
    layer {
      name: "conv1"
      type: "Convolution"
      bottom: "data"
      top: "conv1"
      param { lr_mult: 1 decay_mult: 1 }
      param { name: "shared" lr_mult: 2 }
      propagate_down: [true]
      loss_weight: 0.5
      phase: TEST
      convolution_param {
        num_output: 20 kernel_size: 5 pad: [1, 2] pad: 3 group: 2 bias_term: false engine: CUDNN
        weight_filler { type: "xavier" variance_norm: AVERAGE std: 1e-2 }
      }
    }
    layer {
      name: "cut" type: "Slice" bottom: "conv1" top: "a" top: "b"
      slice_param { axis: -3 slice_point: 10 }
    }
    layer { name: "prob" type: "Softmax" bottom: "a" top: "prob" data_param { source: "x" backend: LMDB } }`);
  expect(net).toEqual({
    inputs: [],
    layers: [
      {
        name: 'data',
        type: 'Input',
        bottoms: [],
        tops: ['data'],
        parameters: { input_param: { shape: [{ dim: [64, 1, 28, 28] }] } },
      },
      {
        name: 'conv1',
        type: 'Convolution',
        bottoms: ['data'],
        tops: ['conv1'],
        parameters: {
          convolution_param: {
            num_output: 20,
            kernel_size: [5],
            pad: [1, 2, 3],
            group: 2,
            bias_term: false,
            engine: 'CUDNN',
            weight_filler: { type: 'xavier', variance_norm: 'AVERAGE', std: 0.01 },
          },
        },
      },
      {
        name: 'cut',
        type: 'Slice',
        bottoms: ['conv1'],
        tops: ['a', 'b'],
        parameters: { slice_param: { axis: -3, slice_point: [10] } },
      },
      { name: 'prob', type: 'Softmax', bottoms: ['a'], tops: ['prob'], parameters: {} },
    ],
  });
});

test('a net of the first version is read as one of the second', () => {
  const net = readNet(`
    input: "data"
    input_dim: 10 input_dim: 3 input_dim: 227 input_dim: 227
    layers {
      name: "conv1" type: CONVOLUTION bottom: "data" top: "conv1"
      blobs_lr: 1 blobs_lr: 2 weight_decay: 1 param: "shared" blob_share_mode: STRICT
      convolution_param { num_output: 96 kernel_size: 11 stride: 4 }
    }
    layers { name: "norm1" type: LRN bottom: "conv1" top: "norm1" lrn_param { local_size: 5 alpha: 0.0001 } }
    layers { name: "loss" type: 21 bottom: "norm1" }`);
  expect(net).toEqual({
    inputs: [{ name: 'data', shape: [10, 3, 227, 227] }],
    layers: [
      {
        name: 'conv1',
        type: 'Convolution',
        bottoms: ['data'],
        tops: ['conv1'],
        parameters: { convolution_param: { num_output: 96, kernel_size: [11], stride: [4] } },
      },
      {
        name: 'norm1',
        type: 'LRN',
        bottoms: ['conv1'],
        tops: ['norm1'],
        parameters: { lrn_param: { local_size: 5, alpha: 0.0001 } },
      },
      { name: 'loss', type: 'SoftmaxWithLoss', bottoms: ['norm1'], tops: [], parameters: {} },
    ],
  });
});

test.each(
  Object.entries({
    ABSVAL: 'AbsVal',
    ARGMAX: 'ArgMax',
    BNLL: 'BNLL',
    DECONVOLUTION: 'Deconvolution',
    ELTWISE: 'Eltwise',
    EUCLIDEAN_LOSS: 'EuclideanLoss',
    HDF5_DATA: 'HDF5Data',
    IM2COL: 'Im2col',
    INNER_PRODUCT: 'InnerProduct',
    MVN: 'MVN',
    RELU: 'ReLU',
    SIGMOID_CROSS_ENTROPY_LOSS: 'SigmoidCrossEntropyLoss',
    TANH: 'TanH',
    WINDOW_DATA: 'WindowData',
  }),
)("the first version's %s is the second's %s", (old, name) => {
  expect(readNet(`layers { type: ${old} }`).layers[0]?.type).toBe(name);
});

describe('inputs', () => {
  const layer = 'layer { type: "ReLU" }';

  test.each([
    ['', []],
    ['input: "a"', [{ name: 'a', shape: null }]],
    ['input: "a" input_shape { dim: 1 dim: 4096 }', [{ name: 'a', shape: [1, 4096] }]],
    [
      'input: "a" input: "b" input_shape { dim: [1, 2] } input_shape: { dim: 3 }',
      [
        { name: 'a', shape: [1, 2] },
        { name: 'b', shape: [3] },
      ],
    ],
    [
      'input: ["a", "b"] input_dim: [1, 2, 3, 4, 5, 6, 7, 8]',
      [
        { name: 'a', shape: [1, 2, 3, 4] },
        { name: 'b', shape: [5, 6, 7, 8] },
      ],
    ],
  ])('%j', (text, inputs) => {
    expect(readNet(`${text} ${layer}`).inputs).toEqual(inputs);
  });

  test.each([
    ['input: "a" input_dim: 1', 'the prototxt has 1 fields input_dim, its inputs need 4'],
    ['input: "a" input: "b" input_shape { dim: 1 }', 'the prototxt has 1 fields input_shape, its inputs need 2'],
  ])('%j is refused', async (text, reason) => {
    expect(await thrown(() => readNet(`${text} ${layer}`))).toEqual(['model-failed', reason]);
  });
});

describe('the phase TEST, level 0, no stages', () => {
  test.each<[string, boolean]>([
    ['', true],
    ['include { phase: TEST }', true],
    ['include { phase: TRAIN }', false],
    ['include { phase: 1 }', true],
    ['include { }', true],
    ['exclude { }', false],
    ['exclude { phase: TRAIN }', true],
    ['exclude { phase: TEST }', false],
    ['include { phase: TRAIN } include { phase: TEST }', true],
    ['exclude { phase: TRAIN } exclude { phase: TEST }', false],
    ['include { min_level: 1 }', false],
    ['include { min_level: 0 max_level: 0 }', true],
    ['include { max_level: -1 }', false],
    ['exclude { min_level: -2 }', false],
    ['include { stage: "deploy" }', false],
    ['include { not_stage: "deploy" }', true],
    ['exclude { stage: "deploy" }', true],
    ['exclude { phase: TEST not_stage: "deploy" }', false],
  ])('%j', (rules, stays) => {
    for (const [layer, type] of [
      ['layer', '"ReLU"'],
      ['layers', 'RELU'],
    ]) {
      const text = `${layer} { name: "a" type: ${type} ${rules} } ${layer} { name: "b" type: ${type} }`;
      expect(namesOf(text)).toEqual(stays ? ['a', 'b'] : ['b']);
    }
  });

  test('both kinds of rules, and a net of which nothing is left, are refused', async () => {
    expect(await thrown(() => readNet('layer { name: "x" include { } exclude { } }'))).toEqual([
      'model-failed',
      'the layer x has include and exclude rules; one kind is allowed',
    ]);
    expect(await thrown(() => readNet('layer { include { phase: TRAIN } }'))).toEqual([
      'model-failed',
      'none of the 1 layers of the prototxt belongs to the phase TEST',
    ]);
  });
});

describe('the text format', () => {
  test.each<[string, unknown]>([
    ['power_param { scale: 2 }', { scale: 2 }],
    ['power_param: { scale: 2 }', { scale: 2 }],
    ['power_param < scale: 2 >', { scale: 2 }],
    ['power_param: < scale: 2 >;', { scale: 2 }],
    ['power_param{scale:2,power:3;shift:4}', { scale: 2, power: 3, shift: 4 }],
    ['power_param { scale: -2.5e-3 power: 1.5f shift: .5 }', { scale: -0.0025, power: 1.5, shift: 0.5 }],
    ['power_param { scale: inf power: -inf shift: nan }', { scale: Infinity, power: -Infinity, shift: Number.NaN }],
    ['power_param {\r\n\tscale : 2 # two\r\n}', { scale: 2 }],
  ])('%j', (text, message) => {
    expect(parametersOf(`layer { ${text} }`)).toEqual({ power_param: message });
  });

  test.each<[string, unknown]>([
    ['kernel_size: [1, 2]', { kernel_size: [1, 2] }],
    ['kernel_size: []', {}],
    ['kernel_size: 0x1F num_output: 010', { kernel_size: [31], num_output: 8 }],
    ['axis: -1', { axis: -1 }],
    ['engine: CAFFE', { engine: 'CAFFE' }],
    ['engine: 2', { engine: 'CUDNN' }],
    ['bias_term: true', { bias_term: true }],
    ['bias_term: 0', { bias_term: false }],
  ])('%j', (text, message) => {
    expect(parametersOf(`layer { convolution_param { ${text} } }`)).toEqual({ convolution_param: message });
  });

  test.each<[string, string]>([
    ['"plain"', 'plain'],
    ['\'single "quotes"\'', 'single "quotes"'],
    ['"a" \'b\'\n"c"', 'abc'],
    ['"tab\\t new\\n quote\\" back\\\\ oct\\101 hex\\x42"', 'tab\t new\n quote" back\\ octA hexB'],
    ['"UTF-8 \\303\\244 ä"', 'UTF-8 ä ä'],
    ['"# no comment"', '# no comment'],
    ['""', ''],
  ])('the string %s', (text, name) => {
    expect(namesOf(`layer { name: ${text} }`)).toEqual([name]);
  });

  test('a byte order mark is passed over', () => {
    expect(namesOf('\uFEFFlayer { name: "a" }')).toEqual(['a']);
  });

  test.each<[string, number, string]>([
    ['layer {\n  name: "a"\n  kernel: 3\n}', 3, ".LayerParameter: unknown field 'kernel'"],
    ['layer {\n}\nlayers {\n layer { }\n}', 4, ".V1LayerParameter: unknown field 'layer'"],
    ['layer { blobs { } }', 1, ".LayerParameter: unknown field 'blobs'"],
    ['layer {\n convolution_param {\n  num_output: 1.5\n }\n}\n\n', 3, 'integer value expected'],
    ['layer {\n convolution_param {\n  num_output: -1\n }\n}', 3, 'unsigned integer value expected'],
    ['layer {\n convolution_param {\n  num_output: 4294967296\n }\n}', 3, 'unsigned integer value out of range'],
    ['layer {\n pooling_param {\n\n  pool: MEDIAN\n }\n}', 4, '.PoolingParameter.pool: enum value expected'],
    ['layer {\n pooling_param {\n\n  pool: 7\n }\n}', 4, '.PoolingParameter.pool: enum value expected'],
    ['layers {\n type: RELUS }', 2, '.V1LayerParameter.type: enum value expected'],
    ['layer {\n name: "a"\n top: "b"\n name: "c"\n}', 4, '.LayerParameter.name: multiple values'],
    ['layer {\n name: "a\n}', 2, 'illegal string'],
    ['layer {\n name: "a', 2, 'unterminated string'],
    ['layer {\n name: "\\q"\n}', 2, "illegal string escape '\\q'"],
    ['layer {\n name: "\\xff"\n}\nlayer {\n}', 2, 'invalid UTF-8 string'],
    ['layer {\n name: 3\n}', 2, 'expected string'],
    ['layer {\n name "a"\n}', 2, "expected ':'"],
    ['layer {\n relu_param: 3\n}', 2, 'expected message value'],
    ['layer {\n\n', 3, "expected '}'"],
    ['layer { }\n}', 2, "illegal field name '}'"],
    ['layer { }\n[my.extension]: 3', 2, ".NetParameter: unknown extension 'my.extension'"],
    ['%', 1, "illegal field name '%'"],
  ])('%j is refused at line %d', async (text, line, reason) => {
    expect(await thrown(() => readNet(text))).toEqual(['model-failed', `line ${line} of the prototxt: ${reason}`]);
  });

  test.each<[string, string]>([
    ['', 'the prototxt has no layers'],
    ['name: "empty"', 'the prototxt has no layers'],
    [
      'layer { } layers { type: RELU }',
      'the prototxt has layers of both versions, `layer` and `layers`; one version is allowed',
    ],
    ['layers { name: "x" }', 'the layer x has no type'],
    ['layers { type: NONE }', 'a layer without a name has no type'],
    ['layer{}'.repeat(5001), 'the prototxt has 5001 layers; at most 5000 are read'],
    [' '.repeat(2 ** 21 + 1), 'the prototxt has 2097153 characters; at most 2097152 are read'],
  ])('text %# without a fault of syntax is refused', async (text, reason) => {
    expect(await thrown(() => readNet(text))).toEqual(['model-failed', reason]);
  });

  test.each<[string, string]>([
    ['messages in messages', `layer { include ${'{ include '.repeat(200_000)}`],
    ['brackets in what is dropped', `state ${'{'.repeat(2_000_000)}`],
    ['numbers', `input_dim: [${'1,'.repeat(900_000)} x`],
    ['layers', 'layer{}'.repeat(250_000)],
    ['strings', `layer { name: ${'"" '.repeat(600_000)}`],
    ['lines before a wrong number', `${'input_dim:1\n'.repeat(20_000)}input_dim: 1.5`],
    ['letters', `layer { ${'a'.repeat(2_000_000)}`],
  ])('a great many %s are refused in time', async (_, text) => {
    const began = performance.now();
    const [code, message] = await thrown(() => readNet(text));
    expect(code).toBe('model-failed');
    expect(message.length).toBeLessThan(300);
    expect(performance.now() - began).toBeLessThan(30_000);
  });
});
