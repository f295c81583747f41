import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readWeightsFile } from '../../models/importers/caffe/weightsFile.ts';
import { type Hdf5Entry, hdf5 } from './caffeSnapshot.ts';
import { thrown } from './thrown.ts';

const VALUES = Float32Array.of(0.5, -1.25, 3, 1e-3, -2.5e7, 0);

function blob(shape: readonly number[], data: ArrayLike<number>) {
  return { shape, legacy: false, data: Float32Array.from(data) };
}

/**
 * Written by h5py 3.16: `earliest.h5` in the format of libver='earliest', as Caffe does, with little-endian float32;
 * `latest.h5` in that of libver='latest', with big-endian float64.
 */
test.each(['earliest.h5', 'latest.h5'])('a snapshot that h5py has written as %s', async (name) => {
  const bytes = await readFile(join(import.meta.dirname, '../fixtures/caffe', name));
  expect(Object.fromEntries(await readWeightsFile(bytes))).toEqual({
    conv1: [blob([1, 2, 3, 1], VALUES), blob([1], [0.5])],
    'inception/3x3': [blob([2, 3], VALUES)],
    inception: [blob([2], [-1.25, 3])],
    deep: Array.from({ length: 12 }, (_, index) => blob([1], [index])),
  });
});

describe('a snapshot', () => {
  const root = { '/data': 'group', '/data/ip': 'group' } as const;
  const good = { data: VALUES };

  test('may be large, and may link one layer to another', async () => {
    const data = Float32Array.from({ length: 30_000 }, (_, index) => Math.fround(Math.sin(index)));
    const bytes = await hdf5({
      ...root,
      '/data/ip/0': { data, shape: [30, 1000] },
      '/data/ip/1': { data: Float64Array.of(1 / 3) },
      '/data/same': { softLink: '/data/copy' },
      '/data/copy': 'group',
      '/data/copy/0': good,
    });
    expect(Object.fromEntries(await readWeightsFile(bytes))).toEqual({
      ip: [blob([30, 1000], data), blob([1], [1 / 3])],
      same: [blob([6], VALUES)],
      copy: [blob([6], VALUES)],
    });
  });

  test.each<[string, Record<string, Hdf5Entry>]>([
    ['is damaged or cut short: /data cannot be read', { '/weights': 'group' }],
    ['is damaged or cut short: /data cannot be read', { '/data': good }],
    ['holds the dataset /data/0, expected data/LAYER/INDEX', { '/data': 'group', '/data/0': good }],
    ['holds the dataset /data/ip/W, expected data/LAYER/INDEX', { ...root, '/data/ip/W': good }],
    ['holds the blobs 1 of ip, expected 0 to 0', { ...root, '/data/ip/1': good }],
    ['holds the blobs 0, 2 of ip, expected 0 to 1', { ...root, '/data/ip/0': good, '/data/ip/2': good }],
    [
      'cannot be read: blob 0 of the layer ip is not of float32 or float64',
      { ...root, '/data/ip/0': { data: Int32Array.of(1, 2) } },
    ],
    [
      'cannot be read: blob 0 of the layer ip holds values that are not finite',
      { ...root, '/data/ip/0': { data: Float32Array.of(1, Number.NaN) } },
    ],
    [
      'cannot be read: blob 0 of the layer ip has the shape [0] and 0 values',
      { ...root, '/data/ip/0': { data: Float32Array.of() } },
    ],
    ['holds /data/ip/0, which is neither a group nor a dataset', { ...root, '/data/ip/0': { softLink: '/nowhere' } }],
    [
      'holds /data/ip/0, which is neither a group nor a dataset',
      { ...root, '/data/ip/0': { file: '/proc/self/environ', path: '/data' } },
    ],
    ['nests its groups more than 32 deep', { ...root, '/data/ip/0': { hardLink: '/data' } }],
  ])('that %s is refused', async (reason, entries) => {
    expect(await thrown(async () => readWeightsFile(await hdf5(entries)))).toEqual([
      'model-failed',
      `the HDF5 file ${reason}`,
    ]);
  });

  test('that unpacks into more values than it has bytes for is refused', async () => {
    const data = new Float32Array(2 ** 20).fill(1);
    const bytes = await hdf5({ ...root, '/data/ip/0': { data, chunks: [2 ** 16] } });
    expect(bytes.length).toBeLessThan(data.byteLength / 50);
    expect(await thrown(() => readWeightsFile(bytes))).toEqual([
      'model-failed',
      `the HDF5 file states 4194304 bytes of values, but has ${bytes.length} bytes; compressed files are not read`,
    ]);
  });

  test('that is cut off anywhere is refused, and the next file is read as ever', async () => {
    const bytes = await hdf5({ ...root, '/data/ip/0': good });
    for (let length = 8; length < bytes.length; length += 97) {
      expect((await thrown(() => readWeightsFile(bytes.subarray(0, length))))[0]).toBe('model-failed');
    }
    expect(await readWeightsFile(bytes)).toEqual(new Map([['ip', [blob([6], VALUES)]]]));
  });

  test('that is read beside others is not mixed up with them', async () => {
    const files = await Promise.all(
      [1, 2, 3, 4].map((x) => hdf5({ ...root, '/data/ip/0': { data: VALUES.map((v) => v * x) } })),
    );
    const read = await Promise.all(files.map((file) => readWeightsFile(file)));
    expect(read.map((weights) => weights.get('ip'))).toEqual(
      [1, 2, 3, 4].map((x) => [
        blob(
          [6],
          VALUES.map((v) => v * x),
        ),
      ]),
    );
  });
});
