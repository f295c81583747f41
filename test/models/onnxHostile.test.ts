import fc from 'fast-check';
import { importOnnx } from '../../models/importers/onnx/onnx.ts';
import { encoded, ints, modelOf, node, onnx, random, sourceOf } from './onnxModel.ts';
import { expectSound } from './soundImport.ts';

/** A model with a branch, arithmetic of shapes, computed padding and weights of all kinds. */
const MODEL = modelOf({
  opset: 13,
  input: ['N', 2, 6, 6],
  weights: {
    w: random([4, 2, 3, 3]),
    g: random([4], 2),
    b: random([4], 3),
    m: random([4], 4),
    v: random([4], 5, 0.5, 2),
    pads: ints([0, 0, 1, 1, 0, 0, 1, 1]),
    zero: ints([0], []),
    axes: ints([0]),
    rest: ints([-1]),
    d: { dims: [72, 3], dataType: 1, floatData: Array.from({ length: 216 }, (_, k) => k / 216) },
    big: ints([1, 4]),
  },
  nodes: [
    node('Pad', ['x', 'pads'], 'padded'),
    node('Conv', ['padded', 'w'], 'conv', { kernel_shape: [3, 3], strides: [1, 1] }),
    node('BatchNormalization', ['conv', 'g', 'b', 'm', 'v'], 'norm', { epsilon: { float: 1e-3 } }),
    node('Relu', 'norm', 'relu'),
    node('MaxPool', 'relu', 'pool', { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
    node('AveragePool', 'relu', 'mean', { kernel_shape: [2, 2], strides: [2, 2] }),
    node('Concat', ['pool', 'mean'], 'joined', { axis: 1 }),
    node('Shape', 'joined', 'shape'),
    node('Gather', ['shape', 'zero'], 'size'),
    node('Unsqueeze', ['size', 'axes'], 'batch'),
    node('ConstantOfShape', 'big', 'ones', { value: { tensor: ints([1]) } }),
    node('Concat', ['batch', 'rest'], 'target', { axis: 0 }),
    node('Reshape', ['joined', 'target'], 'flat'),
    node('MatMul', ['flat', 'd'], 'scores'),
    node('Add', ['scores', 'scores'], 'twice'),
    node('Softmax', 'twice', 'y', { axis: 1 }),
  ],
});

const BYTES = encoded(MODEL);

function importBytes(bytes: Uint8Array): Promise<unknown> {
  return importOnnx(sourceOf({ 'm.onnx': bytes }, [2, 6, 6], { kind: 'classification', layer: null }));
}

/** A varint that claims a vast length, count or dimension. */
const BOMBS = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x80, 0x80, 0x80, 0x80, 0x01],
];

/** The file with bytes turned, cut off, put in, taken from elsewhere, or replaced by vast numbers. */
const mutated = fc
  .array(
    fc.record({
      kind: fc.constantFrom('flip', 'truncate', 'insert', 'splice', 'bomb', 'remove'),
      at: fc.nat(BYTES.length - 1),
      from: fc.nat(BYTES.length - 1),
      length: fc.integer({ min: 1, max: 64 }),
      value: fc.nat(255),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((changes) => {
    let bytes = [...BYTES];
    for (const { kind, at, from, length, value } of changes) {
      if (kind === 'flip') bytes[at % bytes.length] = value;
      else if (kind === 'truncate') bytes = bytes.slice(0, Math.max(at % bytes.length, 1));
      else if (kind === 'insert') bytes.splice(at, 0, value);
      else if (kind === 'remove') bytes.splice(at, Math.min(length, bytes.length - 1));
      else if (kind === 'splice') bytes.splice(at, length, ...BYTES.slice(from, from + length));
      else bytes.splice(at, 1, ...(BOMBS[value % BOMBS.length] ?? []));
    }
    return Uint8Array.from(bytes);
  });

test('the model itself is imported', async () => {
  expect(await importBytes(BYTES)).toMatchObject({ outputFunction: 'softmax' });
});

test('a file with any bytes changed is imported or refused', async () => {
  await fc.assert(
    fc.asyncProperty(mutated, (bytes) => expectSound(() => importBytes(bytes))),
    { numRuns: 500 },
  );
}, 60_000);

/** Numbers that a file may hold anywhere. */
const strange = fc.constantFrom(0, 1, -1, 2, 3, 7, 64, 2 ** 16, 2 ** 31 - 1, 2 ** 40, -(2 ** 53), 2 ** 53);

test('a file with any integer or name changed is imported or refused', async () => {
  const names = (MODEL.graph?.node ?? []).flatMap(({ output, opType }) => [...(output ?? []), opType ?? '']);
  await fc.assert(
    fc.asyncProperty(fc.nat(1e6), strange, fc.constantFrom(...names, '', 'x', 'If', 'Loop'), (place, value, name) =>
      expectSound(() => importBytes(encoded(withChange(place, value, name)))),
    ),
    { numRuns: 500 },
  );
}, 60_000);

/** The model with one attribute, dimension, value, type or name replaced. */
function withChange(place: number, value: number, name: string) {
  const copy = onnx.ModelProto.toObject(onnx.ModelProto.decode(BYTES), { longs: Number, bytes: Array }) as Mutable;
  const places: (() => void)[] = [];
  visit(copy, places, value, name);
  places[place % places.length]?.();
  return onnx.ModelProto.fromObject(copy);
}

interface Mutable {
  [key: string]: unknown;
}

/** Notes, for every number and text inside, how to replace it. */
function visit(message: Mutable | unknown[], places: (() => void)[], value: number, name: string): void {
  for (const [key, inner] of Object.entries(message)) {
    const replace = (to: unknown) => () => Reflect.set(message, key, to);
    if (typeof inner === 'number') places.push(replace(value));
    else if (typeof inner === 'string') places.push(replace(name));
    else if (Array.isArray(inner) && inner.length > 64) places.push(replace(inner.slice(1)));
    else if (typeof inner === 'object' && inner !== null) visit(inner as Mutable, places, value, name);
  }
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

/** A length-delimited field. */
function field(number: number, content: Uint8Array): Uint8Array {
  const header = [number * 8 + 2, ...varint(content.length)];
  const bytes = new Uint8Array(header.length + content.length);
  bytes.set(header);
  bytes.set(content, header.length);
  return bytes;
}

test('deep nesting of graphs, groups and types is refused', async () => {
  const nested = (number: readonly number[], depth: number) => {
    let content: Uint8Array = new Uint8Array();
    for (let level = 0; level < depth; level += 1) content = field(number[level % number.length] ?? 1, content);
    return content;
  };
  const graphs = field(7, nested([6, 5, 1], 9_000));
  const groups = new Uint8Array(1_000_000).fill(0x7b);
  for (const bytes of [graphs, groups]) {
    await expect(importBytes(bytes)).rejects.toThrow(
      /m\.onnx cannot be read as an ONNX model|has the operator|operator set/,
    );
  }
});

test('millions of empty messages are refused before they fill the memory', async () => {
  const empty = new Uint8Array(2 * 2_000_000);
  for (let at = 0; at < empty.length; at += 2) empty[at] = 0x0a;
  const before = process.memoryUsage().heapUsed;
  const bytes = field(7, empty);
  await expect(importBytes(bytes)).rejects.toThrow('it has more than 2097152 fields');
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(2 ** 30);
}, 30_000);

test('constants that would grow without bound are refused', async () => {
  const grown = (values: readonly number[], type: string, attributes = {}) =>
    encoded(
      modelOf({
        opset: 13,
        input: [1, 4],
        weights: { s: ints(values), one: ints([1], []), big: ints([2 ** 40], []) },
        nodes: [
          type === 'Range' ? node('Range', ['one', 'big', 'one'], 'c') : node(type, 's', 'c', attributes),
          node('Cast', 'c', 'f', { to: 1 }),
          node('Add', ['x', 'f'], 'y'),
        ],
      }),
    );
  const tall = encoded(
    modelOf({
      opset: 13,
      input: [1, 4],
      weights: { s: ints([1]), big: ints([2 ** 30, 2 ** 10]) },
      nodes: [node('Expand', ['s', 'big'], 'c'), node('Cast', 'c', 'f', { to: 1 }), node('Add', ['x', 'f'], 'y')],
    }),
  );
  const files = [
    grown([2 ** 20, 2 ** 20], 'ConstantOfShape'),
    grown([-1], 'ConstantOfShape'),
    grown([1], 'Range'),
    tall,
  ];
  for (const bytes of files) await expect(importVector(bytes)).rejects.toThrow('would make a constant of shape');
});

function importVector(bytes: Uint8Array): Promise<unknown> {
  return importOnnx(sourceOf({ 'm.onnx': bytes }, [4]));
}

test('a weight that thousands of layers share is refused before it is copied for each', async () => {
  const side = 256;
  const nodes = Array.from({ length: 1000 }, (_, k) => node('MatMul', [k === 0 ? 'x' : `v${k - 1}`, 'w'], `v${k}`));
  const spec = { opset: 13, input: [1, side], weights: { w: random([side, side]) }, nodes, outputs: ['v999'] };
  const source = sourceOf({ 'm.onnx': encoded(modelOf(spec)) }, [side]);
  await expect(importOnnx(source)).rejects.toThrow('many times more parameters than the file has values');
});

test('a node that reads one value very often is read or refused', async () => {
  const inputs = Array.from({ length: 200_000 }, () => 'a');
  const nodes = [node('Relu', 'x', 'a'), node('Frobnicate', inputs, 'y')];
  await expectSound(() => importVector(encoded(modelOf({ opset: 13, input: [1, 4], nodes }))));
});
