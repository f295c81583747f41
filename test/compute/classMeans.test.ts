import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { openRegistry } from '../../models/registry/registry.ts';
import { encodeNpy } from '../../models/tensors/npy.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { meanInput } from '../../services/compute/classMeans.ts';
import { temporaryFolder, tinyFiles, tinyManifest, writeFiles } from '../models/modelFolders.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

async function withMeans(means: Uint8Array | string): Promise<RegisteredModel> {
  const manifest = tinyManifest({ companions: { classMeans: 'means.npy' } });
  await writeFiles(join(folder.path, 'tiny'), { ...tinyFiles, 'means.npy': means, 'manifest.json': manifest });
  return (await openRegistry({ zooDir: folder.path, modelsDir: null })).get('tiny');
}

const means = (shape: readonly number[]) =>
  encodeNpy(
    arrayTensor(
      shape,
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    ),
  );

test('the mean of two classes lies half way between them', async () => {
  expect(await meanInput(await withMeans(means([2, 1, 2, 3])))).toEqual(Float32Array.of(3, 4, 5, 6, 7, 8));
});

test.each([
  ['are no .npy file', 'no numbers at all', 'the class means of tiny: not a .npy file'],
  ['are cut short', means([2, 1, 2, 3]).slice(0, -4), 'the class means of tiny: 44 bytes of values for the shape'],
  ['have another shape', means([2, 6]), 'the class means of tiny have shape [2, 6], not [classes, 1, 2, 3]'],
])('class means that %s are a fault of the model', async (_, file, message) => {
  const model = await withMeans(file);
  await expect(meanInput(model)).rejects.toMatchObject({
    code: 'model-failed',
    message: expect.stringContaining(message),
  });
});

test('class means that are gone are a fault of the model', async () => {
  const model = await withMeans(means([2, 1, 2, 3]));
  await rm(join(model.folder, 'means.npy'));
  await expect(meanInput(model)).rejects.toMatchObject({ code: 'model-failed' });
});
