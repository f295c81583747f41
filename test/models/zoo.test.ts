import { join } from 'node:path';
import sharp from 'sharp';
import { importModel } from '../../models/importers/importModel.ts';
import { layerAt } from '../../models/network.ts';
import { pixelsToValues } from '../../models/preprocessing/pixels.ts';
import { openRegistry, type Registry } from '../../models/registry/registry.ts';
import { TensorStore } from '../../models/tensors/store.ts';
import { inMemory, scoresOf } from './forward.ts';
import { typesOf } from './importedKeras.ts';
import { temporaryFolder } from './modelFolders.ts';

const zooDir = join(import.meta.dirname, '../../models/zoo');

let registry: Registry;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let store: TensorStore;
beforeAll(async () => {
  folder = await temporaryFolder();
  store = await TensorStore.open(folder.path);
  registry = await openRegistry({ zooDir, modelsDir: null });
});
afterAll(() => folder.remove());

test('every shipped model is read', () => {
  expect(registry.list().filter(({ state }) => state === 'failed')).toEqual([]);
});

describe.each(['mnist-mlp', 'mnist-cnn'])('%s', (name) => {
  test('classifies every sample digit correctly', async () => {
    const model = registry.get(name);
    const { input } = model.manifest;
    if (input.kind !== 'image') throw new TypeError('the digits are images');
    const network = await inMemory(await importModel(model, store), store);
    for (const digit of Array.from({ length: 10 }).keys()) {
      const { data, info } = await sharp(join(zooDir, 'samples', `${digit}.png`))
        .greyscale()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const pixels = { width: info.width, height: info.height, channels: 1, data } as const;
      const scores = scoresOf(network, pixelsToValues(pixels, input.preprocessing, input.shape));
      expect([digit, scores.indexOf(Math.max(...scores))]).toEqual([digit, digit]);
    }
  });

  test('needs no layer that only rearranges or normalises', async () => {
    const network = await importModel(registry.get(name), store);
    const allowed = ['conv2d', 'dense', 'activation', 'maxPool2d', 'avgPool2d', 'reshape'];
    expect(typesOf(network).filter((type) => !allowed.includes(type))).toEqual([]);
    expect(network.outputFunction).toBe('softmax');
    expect(layerAt(network, network.output).shape).toEqual([10]);
  });
});
