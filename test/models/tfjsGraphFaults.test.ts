import fc from 'fast-check';
import type { ImportedOutput } from '../../models/importers/importer.ts';
import { importTfjs } from '../../models/importers/tfjs/tfjs.ts';
import { scoresOf } from './forward.ts';
import { flag, GraphModel, importedGraph, int, ints, text, texts, type } from './graphModel.ts';
import { channelsFirst, graphForward, randomValues } from './graphReference.ts';
import { largestDifference } from './importedKeras.ts';
import { changed, damaged, damages, placesIn, strangeValues } from './jsonMutations.ts';
import { memoryFile, sourceOf } from './kerasModel.ts';
import { expectSound } from './soundImport.ts';

const WINDOWS = { strides: ints(1, 1, 1, 1), padding: text('SAME'), dilations: ints(1, 1, 1, 1) };

/** A small classifier with a dilated convolution, a residual, two outputs, and shape arithmetic. */
function classifier(): GraphModel {
  const model = new GraphModel([6, 5, 4], 3);
  const block = model.int32('block', [2, 2]);
  const apart = model.node('apart', 'SpaceToBatchND', ['x', block, model.pairs('pad', [2, 2], [2, 3])]);
  const kernel = model.random32('kernel', [3, 3, 4, 4]);
  const inner = model.node('inner', 'Conv2D', [apart, kernel], { ...WINDOWS, padding: text('VALID') });
  const joined = model.node('joined', 'BatchToSpaceND', [inner, block, model.pairs('crops', [0, 0], [0, 1])]);
  const residual = model.node('residual', 'AddV2', [joined, 'x']);
  const conv = model.node(
    'conv/Relu',
    '_FusedConv2D',
    [residual, model.random32('conv/kernel', [3, 3, 4, 2]), model.random32('conv/bias', [2])],
    { ...WINDOWS, fused_ops: texts('BiasAdd', 'Relu'), num_args: int(1) },
  );
  const pool = model.node('pool', 'MaxPool', [conv], {
    ...WINDOWS,
    ksize: ints(1, 2, 2, 1),
    strides: ints(1, 2, 2, 1),
  });
  const logits = model.head(pool, 18);
  const probabilities = model.node('softmax', 'Softmax', [logits]);
  const other = model.node('other', 'Mean', [conv, model.int32('sides', [1, 2])], { keep_dims: flag(false) });
  return model
    .output(model.node('Identity', 'Identity', [probabilities]), 'output_0')
    .output(model.node('Identity_1', 'Identity', [other]), 'output_1');
}

const named = (layer: string): ImportedOutput => ({ kind: 'classification', layer });

describe('of several outputs', () => {
  test('one has to be named', async () => {
    await expect(importedGraph(classifier())).rejects.toThrow(
      'the model has several outputs (output_0, output_1); output.layer of the manifest has to name one',
    );
  });

  test.each([
    ['output_0', 'head/logits', 'softmax'],
    ['Identity:0', 'head/logits', 'softmax'],
    ['head/logits', 'head/logits', 'softmax'],
    ['output_1', 'other', 'none'],
    ['Identity_1', 'other', 'none'],
    ['other:0', 'other', 'none'],
  ])('%s is %s', async (layer, node, outputFunction) => {
    const model = classifier();
    const network = await importedGraph(model, named(layer));
    const input = randomValues(model.inputShape, 5);
    const expected = await graphForward(model, input, node);
    expect(network.outputFunction).toBe(outputFunction);
    expect(largestDifference(scoresOf(network, channelsFirst(input).data), expected)).toBeLessThan(1e-5);
  });

  test('what is none is refused, with the layers that there are', async () => {
    await expect(importedGraph(classifier(), named('nowhere'))).rejects.toThrow(
      'output.layer nowhere is no layer of the network; its last ones are',
    );
  });
});

test('what only another output depends on is not imported', async () => {
  const model = new GraphModel([4]);
  const logits = model.node('logits', 'MatMul', ['x', model.random32('matrix', [4, 3])]);
  model.output(logits, 'a').output(model.node('boxes', 'NonMaxSuppressionV5', [logits]), 'b');
  const network = await importedGraph(model, named('a'));
  expect(network.layers).toMatchObject([{ type: 'dense', name: 'logits' }]);
  await expect(importedGraph(model, named('b'))).rejects.toThrow('boxes (NonMaxSuppressionV5)');
});

describe('the signature', () => {
  const json = () => {
    const model = new GraphModel([4]);
    const logits = model.node('logits', 'MatMul', ['x', model.random32('matrix', [4, 3])]);
    model.node('init', 'NoOp', []);
    return { model: model.output(logits), file: model.json() };
  };
  const importJson = ({ model }: ReturnType<typeof json>, file: unknown) =>
    importTfjs(sourceOf(file, { 'weights.bin': model.bytes() }, [4]));

  test('may be missing: the outputs are the nodes that no other reads', async () => {
    const one = json();
    const { signature: _, ...rest } = one.file;
    expect((await importJson(one, rest)).layers).toMatchObject([{ type: 'dense', name: 'logits' }]);
  });

  test('may be part of the metadata', async () => {
    const one = json();
    const { signature, ...rest } = one.file;
    const file = { ...rest, userDefinedMetadata: { signature } };
    expect((await importJson(one, file)).layers).toMatchObject([{ type: 'dense', name: 'logits' }]);
  });

  test('with an output that is no node is refused', async () => {
    const one = json();
    const file = { ...one.file, signature: { outputs: { y: { name: 'nowhere:0' } } } };
    await expect(importJson(one, file)).rejects.toThrow('the signature names nowhere, which are no nodes of the graph');
  });
});

test('images may come and be computed with their channels first', async () => {
  const build = (format: 'NHWC' | 'NCHW') => {
    const isFirst = format === 'NCHW';
    const model = new GraphModel(isFirst ? [4, 6, 5] : [6, 5, 4], 9);
    const side = (n: number) => (isFirst ? ints(1, 1, n, n) : ints(1, n, n, 1));
    const data_format = text(format);
    const kernel = model.random32('kernel', [3, 3, 4, 2]);
    const conv = model.node('conv', 'Conv2D', ['x', kernel], { ...WINDOWS, strides: side(2), data_format });
    const biased = model.node('biased', 'BiasAdd', [conv, model.random32('bias', [2])], { data_format });
    const pool = model.node('pool', 'AvgPool', [biased], {
      ksize: side(2),
      strides: side(1),
      padding: text('SAME'),
      data_format,
    });
    const axes = model.int32('axes', isFirst ? [2, 3] : [1, 2]);
    const mean = model.node('mean', 'Mean', [pool, axes], { keep_dims: flag(true) });
    const flat = model.node('flat', 'Squeeze', [mean], { squeeze_dims: isFirst ? ints(2, 3) : ints(1, 2) });
    const logits = model.node('logits', 'MatMul', [flat, model.random32('matrix', [2, 3])]);
    return model.output(logits);
  };
  const last = build('NHWC');
  const network = await importedGraph(build('NCHW'), undefined, [4, 6, 5]);
  const input = randomValues(last.inputShape, 2);
  const expected = await graphForward(last, input, 'logits');
  expect(largestDifference(scoresOf(network, channelsFirst(input).data), expected)).toBeLessThan(1e-5);
});

test('every unsupported node is named at once, with its operation and the reason', async () => {
  const model = new GraphModel([6, 5, 4]);
  const computed = model.node('computed', 'Relu', ['x']);
  const nodes = [
    model.node('product', 'Mul', ['x', computed]),
    model.node('loop', 'StatelessWhile', ['x']),
    model.node('sorted', 'TopKV2', ['x']),
    model.node('mirrored', 'MirrorPad', ['x', model.pairs('pad', [0, 0], [1, 1], [0, 0], [0, 0])]),
    model.node('ones', 'PadV2', ['x', 'pad', model.float32('one', [], 1)]),
    model.node('filtered', 'Conv2D', ['x', computed], WINDOWS),
    model.node(
      'skipping',
      'StridedSlice',
      ['x', ...['b', 'e'].map((name) => model.int32(name, [0, 0])), model.int32('s', [1, 2])],
      {
        begin_mask: int(3),
        end_mask: int(3),
      },
    ),
    model.node('batch', 'Mean', ['x', model.int32('zero', [0])]),
    model.node('merged', 'Reshape', ['x', model.int32('target', [-1, 4])]),
    model.node('inner', 'MatMul', ['x', model.random32('matrix', [4, 3])]),
    model.node('swish', '_FusedConv2D', ['x', model.random32('k', [1, 1, 4, 4])], {
      ...WINDOWS,
      fused_ops: texts('Swish'),
    }),
    model.node('soft', 'Softmax', ['x']),
    model.node('wide', 'AddV2', ['x', model.random32('vector', [3])]),
    model.node('cast', 'Cast', ['x'], { DstT: type('DT_INT32') }),
    model.node('resized', 'ResizeNearestNeighbor', ['x', model.int32('size', [7, 7])]),
  ];
  model.output(model.node('all', 'AddN', nodes));
  const expected = [
    '15 layers cannot be imported: ',
    'product (Mul): the product of two computed values is not supported',
    'loop (StatelessWhile): control flow is not supported',
    'sorted (TopKV2): operations of this type are not supported',
    'mirrored (MirrorPad): pads with mirrored values; only zeros are supported',
    'ones (PadV2): pads with 1; only zeros are supported',
    'filtered (Conv2D): its input 1 is computed; only constants are supported',
    'skipping (StridedSlice): a slice that skips places is not supported',
    'batch (Mean): works along the batch',
    'merged (Reshape): cannot read 120 values for each item of the batch as [-1, 4]',
    'inner (MatMul): multiplies a value of rank 4; only a vector is supported',
    'swish (_FusedConv2D): the fused operation Swish is not supported',
    'soft (Softmax): a softmax over the last axis of [batch, 6, 5, 4]; only a vector is supported',
    'wide (AddV2): a constant of the shape [3] beside [batch, 6, 5, 4]',
    'cast (Cast): is only supported for constants and shapes',
    'resized (ResizeNearestNeighbor): resizes [6, 5, 4] to [7, 7]; only whole multiples are supported',
  ];
  const error: unknown = await importedGraph(model).catch((caught: unknown) => caught);
  for (const part of expected)
    expect(error).toMatchObject({ code: 'model-failed', message: expect.stringContaining(part) });
});

/** Imports the classifier's first output after a change of its model.json. */
async function importChanged(from: string, to: string, inputShape: readonly number[] = [4, 6, 5]): Promise<unknown> {
  const json = JSON.stringify(classifier().json());
  expect(json).toContain(from);
  const files = { 'weights.bin': classifier().bytes() };
  return importTfjs(sourceOf(JSON.parse(json.replace(from, to)), files, inputShape, named('output_0')));
}

test.each([
  ['"name":"conv/Relu"', '"name":"pool"', 'two nodes are named pool'],
  ['"input":["residual"', '"input":["nowhere"', 'there are no layers named nowhere'],
  ['"input":["residual"', '"input":["pool"', 'layers read each other in a circle: '],
  ['"input":["residual"', '"input":["residual:3"', 'conv/Relu (_FusedConv2D): reads the output 3 of residual'],
  ['"input":["residual"', '"input":["^residual"', 'the explained output depends on no input (Placeholder)'],
  ['"op":"AddV2"', '"op":"Switch"', 'residual (Switch): control flow is not supported'],
  ['"op":"AddV2"', '"op":"constructor"', 'residual (constructor): operations of this type are not supported'],
  ['"op":"AddV2"', '"op":"Placeholder"', 'the model has 2 inputs (x, residual); only one is supported'],
  ['"op":"Placeholder"', '"op":"NoOp"', 'the explained output depends on no input (Placeholder)'],
  [
    '"dtype":{"type":"DT_FLOAT"},"shape"',
    '"dtype":{"type":"DT_UINT8"},"shape"',
    'x (Placeholder): takes values of the type DT_UINT8',
  ],
  ['[{"size":"-1"},{"size":"6"}', '[{"size":"8"},{"size":"6"}', 'x (Placeholder): takes batches of 8'],
  [
    '"strides":{"list":{"i":["1","2","2","1"]}}',
    '"strides":{"list":{"i":["2","2","2","1"]}}',
    'pool (MaxPool): strides [2, 2, 2, 1] is not supported',
  ],
  ['"strides":{"list":{"i":["1","2","2","1"]}}', '"strides":7', 'pool (MaxPool): its attribute strides is malformed'],
  [
    '{"name":"conv/bias","shape":[2],"dtype":"float32"}',
    '{"name":"bias","shape":[2],"dtype":"float32"}',
    'conv/bias (Const): its value is missing in the weights',
  ],
  [
    '{"name":"conv/bias","shape":[2],"dtype":"float32"}',
    '{"name":"conv/bias","shape":[4],"dtype":"float32","quantization":{"dtype":"uint16","scale":1,"min":0}}',
    'conv/bias (Const): its value is quantised to uint16; only float32 is read',
  ],
  [
    '{"name":"conv/bias","shape":[2],"dtype":"float32"}',
    '{"name":"conv/bias","shape":[4],"dtype":"float16"}',
    'conv/bias (Const): its value has the type float16; only float32 is read',
  ],
])('model.json with %s turned to %s is refused', async (from, to, message) => {
  await expect(importChanged(from, to)).rejects.toThrow(message);
});

test('an input of another shape than the manifest states is refused', async () => {
  await expect(importChanged('{', '{', [3, 6, 5])).rejects.toThrow(
    'the manifest states the input shape [3, 6, 5], the model takes [6, 5, 4], that is [4, 6, 5] with channels first',
  );
});

describe('hostile files', () => {
  const json = classifier().json();
  const weights = classifier().bytes();
  const importFiles = (definition: Uint8Array, shard: Uint8Array) => () =>
    importTfjs({
      ...sourceOf(json, { 'weights.bin': shard }, [4, 6, 5], named('output_0')),
      definition: memoryFile('model.json', definition),
    });
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const strange = fc.oneof(
    strangeValues(
      'Const',
      'Reshape',
      'Transpose',
      'Tile',
      'Fill',
      'Conv2D',
      'Mul',
      'x',
      'head/flat',
      '-1',
      '0',
      '70000',
    ),
    fc.constantFrom('SAME', 'VALID', 'EXPLICIT', 'NCHW', 'Relu').map((value) => Buffer.from(value).toString('base64')),
  );

  test('with any value of model.json changed are imported or refused', async () => {
    await importFiles(encode(json), weights)();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...placesIn(json)), strange, (place, value) =>
        expectSound(importFiles(encode(changed(json, place, value)), weights)),
      ),
      { numRuns: 500 },
    );
  });

  test('with any bytes changed or cut off are imported or refused', async () => {
    const bytes = encode(json);
    await fc.assert(
      fc.asyncProperty(damages(bytes.length), (damage) => expectSound(importFiles(damaged(bytes, damage), weights))),
      { numRuns: 250 },
    );
    await fc.assert(
      fc.asyncProperty(damages(weights.length), (damage) => expectSound(importFiles(bytes, damaged(weights, damage)))),
      { numRuns: 250 },
    );
  });
});
