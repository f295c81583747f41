import { fuzz } from '../fuzz/fuzz.ts';
import { PARSERS } from '../fuzz/parsers.ts';
import { blobProto, caffemodel } from './caffeBinary.ts';
import { hdf5 } from './caffeSnapshot.ts';

const VALUES = [0.5, -1.25, 3, 1e-3, -2.5e7, 0];
const BLOB = { shape: { dim: [2, 3] }, data: VALUES };
const LEGACY = { num: 1, channels: 1, height: 2, width: 3, data: VALUES };

const FILES: Readonly<Record<string, () => Promise<readonly Uint8Array[]>>> = {
  prototxt: async () => [
    bytesOf(`
      name: "net" # V2
      layer { name: "data" type: 'Input' top: "data" input_param { shape: { dim: 1 dim: [3, 0x20] } } }
      layer {
        name: "conv1" type: "Convolution" bottom: "data" top: "conv1" param { lr_mult: 1 } include { phase: TEST }
        convolution_param { num_output: 20 pad: 1 kernel_size: 5 engine: CAFFE weight_filler < type: "xavier" std: -1e-2 > }
      }
      layer { name: "loss" type: "SoftmaxWithLoss" bottom: "conv1" exclude { stage: "deploy" min_level: 1 } }`),
    bytesOf(`
      input: "data" input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8
      layers { name: "ip" type: INNER_PRODUCT bottom: "data" top: "ip" blobs_lr: 1 inner_product_param { num_output: 2 } }
      layers { name: "relu" type: 18 bottom: "ip" top: "ip" relu_param { negative_slope: .1 } }`),
  ],
  caffemodel: async () => [
    caffemodel({ layer: [{ name: 'a', blobs: [BLOB, { double_data: [1], shape: { dim: [1] } }] }] }),
    caffemodel({ layer: [{ name: 'b', blobs: [BLOB] }] }, false),
    caffemodel({ layers: [{ name: 'c', blobs: [LEGACY] }, { name: 'd' }] }),
    caffemodel({
      layer: [{ name: 'e', blobs: [{ shape: { dim: [2] }, raw_data_type: 2, raw_data: new Uint8Array(4) }] }],
    }),
  ],
  hdf5: async () => [
    await hdf5({
      '/data': 'group',
      '/data/a': 'group',
      '/data/a/0': { data: Float32Array.from(VALUES), shape: [2, 3] },
      '/data/a/1': { data: Float64Array.of(1) },
      '/data/b': 'group',
      '/data/b/c': 'group',
      '/data/b/c/0': { data: Float32Array.from(VALUES), chunks: [4] },
    }),
  ],
  binaryproto: async () => [
    blobProto(LEGACY),
    blobProto({ shape: { dim: [1, 2, 3] }, double_data: VALUES }),
    blobProto({ shape: { dim: [1, 2, 3] }, data: VALUES }, false),
  ],
};

test.each(PARSERS.filter(({ name }) => name in FILES))(
  'mutations of a $name are read or refused',
  async (parser) => {
    const files = (await FILES[parser.name]?.()) ?? [];
    for (const file of files) await parser.parse(file);
    const { accepted, refused } = await fuzz({ ...parser, files }, { mutations: 500, seed: 20170305 });
    expect(accepted).toBeGreaterThan(10);
    expect(refused).toBeGreaterThan(100);
  },
  120_000,
);

test('every container of Caffe is mutated', () => {
  expect(PARSERS.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(FILES)));
});

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}
