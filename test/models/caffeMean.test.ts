import { readBinaryproto } from '../../models/importers/caffe/caffemodel.ts';
import { openRegistry } from '../../models/registry/registry.ts';
import { encodeNpy } from '../../models/tensors/npy.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { blobProto } from './caffeBinary.ts';
import { temporaryFolder, tinyFiles, tinyManifest, writeFiles } from './modelFolders.ts';
import { thrown } from './thrown.ts';

const VALUES = [0, 0.1, 0.2, 0.3, 0.4, 0.5];
const MEAN = blobProto({ num: 1, channels: 1, height: 2, width: 3, data: VALUES });

test.each([
  ['as compute_image_mean writes it', MEAN],
  ['with a shape of four axes', blobProto({ shape: { dim: [1, 1, 2, 3] }, data: VALUES })],
  ['with the shape of the image', blobProto({ shape: { dim: [1, 2, 3] }, double_data: VALUES })],
])('a mean image %s is [channels, height, width]', (_, bytes) => {
  expect(readBinaryproto(bytes)).toEqual(arrayTensor([1, 2, 3], Float32Array.from(VALUES)));
});

test.each([
  ['has the shape [2, 3], expected that of one image', blobProto({ shape: { dim: [2, 3] }, data: VALUES })],
  ['has the shape [2, 1, 1, 3], expected that of one image', blobProto({ shape: { dim: [2, 1, 1, 3] }, data: VALUES })],
  ['has the shape [1, 3, 2, 3] and 6 values', blobProto({ num: 1, channels: 3, height: 2, width: 3, data: VALUES })],
  ['holds no values', new Uint8Array(0)],
])('a binaryproto that %s is refused', async (reason, bytes) => {
  expect(await thrown(() => readBinaryproto(bytes))).toEqual(['model-failed', `the binaryproto ${reason}`]);
});

describe('a manifest may name it', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());

  /** The tiny model with a mean file. */
  async function withMean(name: string, bytes: Uint8Array) {
    const input = { kind: 'image', shape: [1, 2, 3], preprocessing: { scale: 1 / 255, mean: name } } as const;
    const manifest = tinyManifest({ input: { ...input, shape: [1, 2, 3] } });
    await writeFiles(`${folder.path}/tiny`, { ...tinyFiles, 'manifest.json': manifest, [name]: bytes });
    return openRegistry({ zooDir: folder.path, modelsDir: null });
  }

  test('and the model is the same as with the same values as .npy', async () => {
    const caffe = (await withMean('mean.binaryproto', MEAN)).get('tiny');
    const numpy = (await withMean('mean.npy', encodeNpy(arrayTensor([1, 2, 3], Float32Array.from(VALUES))))).get(
      'tiny',
    );
    expect(caffe.meanImage).toEqual(Float32Array.from(VALUES));
    expect(caffe.box).toEqual(numpy.box);
  });

  test.each([
    ['it is cut short', MEAN.subarray(0, 20), 'the binaryproto is damaged or cut short at byte 8'],
    [
      'it has other channels than the input',
      blobProto({ num: 1, channels: 2, height: 1, width: 3, data: VALUES }),
      'a mean image is [1, height, width] and finite, this one is [2, 1, 3]',
    ],
  ])('but not where %s', async (_, bytes, reason) => {
    const [entry] = (await withMean('mean.binaryproto', bytes)).list();
    expect(entry).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining(`the mean file mean.binaryproto: ${reason}`),
    });
  });
});
