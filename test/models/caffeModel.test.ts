import { readCaffemodel } from '../../models/importers/caffe/caffemodel.ts';
import { readWeightsFile } from '../../models/importers/caffe/weightsFile.ts';
import { type BlobSpec, caffemodel } from './caffeBinary.ts';
import { thrown } from './thrown.ts';

const VALUES = [0.5, -1.25, 3, 1e-3, -2.5e7, 0];
const FLOATS = Float32Array.from(VALUES);
const SHAPE = { dim: [2, 3] };

/** The only blob of a file with one layer. */
function read(blob: BlobSpec, packed = true) {
  return readCaffemodel(caffemodel({ layer: [{ name: 'ip', type: 'InnerProduct', blobs: [blob] }] }, packed)).get('ip');
}

test('layers of the second version, by name, in the order of their blobs; those without blobs are not listed', () => {
  const weights = readCaffemodel(
    caffemodel({
      layer: [
        { name: 'data', type: 'Input' },
        {
          name: 'a/b',
          blobs: [
            { shape: SHAPE, data: VALUES },
            { shape: { dim: [1] }, data: [7] },
          ],
        },
        { name: 'relu', type: 'ReLU' },
        { name: 'c', blobs: [{ shape: { dim: [] }, data: [-1] }] },
      ],
    }),
  );
  expect([...weights]).toEqual([
    [
      'a/b',
      [
        { shape: [2, 3], legacy: false, data: FLOATS },
        { shape: [1], legacy: false, data: Float32Array.of(7) },
      ],
    ],
    ['c', [{ shape: [], legacy: false, data: Float32Array.of(-1) }]],
  ]);
});

test('layers of the first version, whose blobs have four sides', () => {
  const blob = { num: 1, channels: 1, height: 2, width: 3, data: VALUES };
  const weights = readCaffemodel(caffemodel({ layers: [{ name: 'ip', blobs: [blob] }] }));
  expect(weights.get('ip')).toEqual([{ shape: [1, 1, 2, 3], legacy: true, data: FLOATS }]);
});

test.each<[string, BlobSpec, boolean]>([
  ['packed floats', { shape: SHAPE, data: VALUES }, true],
  ['floats one by one', { shape: SHAPE, data: VALUES }, false],
  ['packed doubles', { shape: SHAPE, double_data: VALUES }, true],
  ['doubles one by one', { shape: SHAPE, double_data: VALUES }, false],
  ['raw doubles', { shape: SHAPE, raw_data_type: 0, raw_data: bytesOf(Float64Array.from(VALUES)) }, true],
  ['raw floats', { shape: SHAPE, raw_data_type: 1, raw_data: bytesOf(FLOATS) }, true],
  ['floats beside their gradients', { shape: SHAPE, data: VALUES, diff: VALUES }, true],
])('values as %s', (_, blob, packed) => {
  expect(read(blob, packed)).toEqual([{ shape: [2, 3], legacy: false, data: FLOATS }]);
});

test('packed floats that are split into pieces are joined in their order', () => {
  const layer = (data: number[]) => caffemodel({ layer: [{ name: '', blobs: [{ data }] }] });
  const [head, tail] = [layer(VALUES.slice(0, 2)), layer(VALUES.slice(2))];
  const blob = new Uint8Array([...dataField(head), ...shapeField([2, 3]), ...dataField(tail)]);
  const file = message(100, new Uint8Array([...message(1, new TextEncoder().encode('ip')), ...message(7, blob)]));
  expect(readCaffemodel(file).get('ip')).toEqual([{ shape: [2, 3], legacy: false, data: FLOATS }]);
});

test('half precision is what its bits say, also below the normal numbers', () => {
  const halves: [number, number][] = [
    [0x3c00, 1],
    [0xc000, -2],
    [0x3555, 0.333251953125],
    [0x7bff, 65504],
    [0x0400, 2 ** -14],
    [0x03ff, (1023 / 1024) * 2 ** -14],
    [0x0001, 2 ** -24],
    [0x8001, -(2 ** -24)],
    [0x0000, 0],
    [0x8000, -0],
  ];
  const raw_data = bytesOf(Uint16Array.from(halves, ([bits]) => bits));
  const [blob] = read({ shape: { dim: [10] }, raw_data_type: 2, raw_data }) ?? [];
  expect(Array.from(blob?.data ?? [])).toEqual(halves.map(([, value]) => value));
});

test('values that lie aligned in the file are not copied, others are, and both are right', () => {
  const file = caffemodel({ layer: [{ name: 'ip', blobs: [{ shape: SHAPE, data: VALUES }] }] });
  const isView = [0, 1, 2, 3].map((offset) => {
    const moved = new Uint8Array(file.length + offset);
    moved.set(file, offset);
    const [blob] = readCaffemodel(moved.subarray(offset)).get('ip') ?? [];
    expect(blob?.data).toEqual(FLOATS);
    return blob?.data.buffer === moved.buffer;
  });
  expect(isView.filter((view) => view)).toHaveLength(1);
});

test.each<[string, BlobSpec]>([
  ['has the shape [2, 3] and 5 values', { shape: SHAPE, data: VALUES.slice(1) }],
  ['has the shape [0, 3] and 6 values', { shape: { dim: [0, 3] }, data: VALUES }],
  ['has the shape [-2, -3] and 6 values', { shape: { dim: [-2, -3] }, data: VALUES }],
  ['has the shape [1073741824, 1073741824, 6] and 6 values', { shape: { dim: [2 ** 30, 2 ** 30, 6] }, data: VALUES }],
  ['has the shape [0, 2, 3, 0] and 6 values', { channels: 2, height: 3, data: VALUES }],
  ['holds more than 32 integers', { shape: { dim: Array(33).fill(1) }, data: [1] }],
  ['holds an integer that is too large', { shape: { dim: [2 ** 60] }, data: [1] }],
  ['holds values that are not finite', { shape: SHAPE, data: [0, 1, 2, 3, 4, Number.NaN] }],
  ['holds values that are not finite', { shape: SHAPE, double_data: [0, 1, 2, 3, 4, 1e300] }],
  ['holds values that are not finite', { shape: { dim: [1] }, raw_data_type: 2, raw_data: Uint8Array.of(0, 0x7c) }],
  ['holds no values', { shape: SHAPE }],
  ['holds its values twice, as data, double_data or raw_data', { shape: SHAPE, data: VALUES, double_data: VALUES }],
  [
    'has raw_data of the type 3; allowed are 0 (DOUBLE), 1 (FLOAT), 2 (FLOAT16)',
    { shape: SHAPE, raw_data_type: 3, raw_data: bytesOf(FLOATS) },
  ],
  [
    'has raw_data of the type not stated; allowed are 0 (DOUBLE), 1 (FLOAT), 2 (FLOAT16)',
    { shape: SHAPE, raw_data: bytesOf(FLOATS) },
  ],
  ['has 5 bytes of values of 4 bytes each', { shape: SHAPE, raw_data_type: 1, raw_data: new Uint8Array(5) }],
])('a blob that %s is refused', async (reason, blob) => {
  const file = caffemodel({ layer: [{ name: 'ip', blobs: [{ shape: SHAPE, data: VALUES }, blob] }] });
  expect(await thrown(() => readCaffemodel(file))).toEqual([
    'model-failed',
    `the caffemodel cannot be read: blob 1 of the layer ip ${reason}`,
  ]);
});

test.each<[string, Uint8Array]>([
  ['holds no layers', new Uint8Array(0)],
  ['has layers of both versions of the format', caffemodel({ layer: [{ name: 'a' }], layers: [{ name: 'b' }] })],
  [
    "is of Caffe's oldest format; upgrade it by upgrade_net_proto_binary",
    caffemodel({ layers: [{ layer: { name: 'conv1' } }] }),
  ],
  [
    'has two layers ip with blobs',
    caffemodel({ layer: [1, 2].map((data) => ({ name: 'ip', blobs: [{ shape: { dim: [1] }, data: [data] }] })) }),
  ],
  ['has a layer whose name has 5000 bytes', caffemodel({ layer: [{ name: 'x'.repeat(5000) }] })],
  ['has more than 20000 layers', caffemodel({ layer: Array(20_001).fill({ name: '' }) })],
  [
    'has more than 64 blobs in the layer ip',
    caffemodel({ layer: [{ name: 'ip', blobs: Array(65).fill({ shape: { dim: [1] }, data: [1] }) }] }),
  ],
  ['is damaged or cut short at byte 0: invalid wire type 6 at offset 1', Uint8Array.of(0x0e)],
  ['is damaged or cut short at byte 0: max depth exceeded', new Uint8Array(1000).fill(0x0b)],
  ['is damaged or cut short at byte 0: index out of range: 2 + 100 > 3', Uint8Array.of(0x0a, 100, 0)],
])('a file that %s is refused', async (reason, file) => {
  expect(await thrown(() => readCaffemodel(file))).toEqual(['model-failed', `the caffemodel ${reason}`]);
});

test('a file cut off anywhere is refused or lacks whole layers', async () => {
  const blobs = [{ shape: SHAPE, data: VALUES }];
  const file = caffemodel({
    layer: [
      { name: 'a', blobs },
      { name: 'b', blobs },
    ],
  });
  const whole = await readWeightsFile(file);
  expect(whole.size).toBe(2);
  for (let length = 0; length < file.length; length += 1) {
    const read = () => readCaffemodel(file.subarray(0, length));
    if (length === file.length / 2) expect(read()).toEqual(new Map([['a', whole.get('a')]]));
    else expect((await thrown(read))[0]).toBe('model-failed');
  }
});

function bytesOf({ buffer }: { readonly buffer: ArrayBufferLike }): Uint8Array {
  return new Uint8Array(buffer);
}

/** A field of bytes, with one byte for its length. */
function message(field: number, content: Uint8Array): Uint8Array {
  const tag = (field << 3) | 2;
  return new Uint8Array([...(tag < 128 ? [tag] : [(tag & 127) | 128, tag >> 7]), content.length, ...content]);
}

function shapeField(dim: readonly number[]): Uint8Array {
  return message(7, message(1, Uint8Array.from(dim)));
}

/** The field `data` of the only blob of a file with one layer that has nothing else: the last bytes of the file. */
function dataField(file: Uint8Array): Uint8Array {
  return file.subarray(file.lastIndexOf(0x2a, file.length - 1));
}
