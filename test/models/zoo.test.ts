import { join } from 'node:path';
import sharp from 'sharp';
import { importModel } from '../../models/importers/importModel.ts';
import { layerAt } from '../../models/network.ts';
import { pixelsToValues } from '../../models/preprocessing/pixels.ts';
import { openRegistry, type Registry } from '../../models/registry/registry.ts';
import { TensorStore } from '../../models/tensors/store.ts';
import { readWeights } from '../training/weights.ts';
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

const sampleDigit = async (digit: number) => {
  const pixels = await sharp(join(zooDir, 'samples', `${digit}.png`))
    .extractChannel(0)
    .raw()
    .toBuffer();
  return Float32Array.from(pixels, (byte) => byte / 255);
};

describe('mnist-rbm', () => {
  test('is read as one output: bᵀx + Σ softplus(c + Wᵀx)', async () => {
    const network = await inMemory(await importModel(registry.get('mnist-rbm'), store), store);
    const weights = readWeights(join(zooDir, 'mnist-rbm'));
    const [w, c] = [weights.get('hidden/kernel') ?? [], weights.get('hidden/bias') ?? []];
    const x = await sampleDigit(5);
    const linear = x.reduce((sum, value, i) => sum + value * (weights.get('visible/kernel')?.[i] ?? 0), 0);
    const density = c.reduce((sum, bias, j) => {
      const activation = x.reduce((total, value, i) => total + value * (w[i * c.length + j] ?? 0), bias);
      return sum + Math.log(1 + Math.exp(activation));
    }, linear);
    const [score, ...others] = scoresOf(network, x);
    expect(others).toEqual([]);
    expect(score).toBeCloseTo(density, 3);
  });

  test('finds a digit more likely than the same pixels in other places', async () => {
    const network = await inMemory(await importModel(registry.get('mnist-rbm'), store), store);
    const x = await sampleDigit(5);
    const [digit = 0] = scoresOf(network, x);
    const [shuffled = 0] = scoresOf(
      network,
      x.map((_, i) => x[(29 * i) % 784] ?? 0),
    );
    expect(digit).toBeGreaterThan(shuffled + 100);
  });
});

describe('mnist-decoder', () => {
  test('is read as a vector of 784 pixels in [0, 1], another one for another code', async () => {
    const network = await inMemory(await importModel(registry.get('mnist-decoder'), store), store);
    expect(network.inputShape.length).toBe(1);
    const [codes = 0] = network.inputShape;
    expect(codes).toBeLessThanOrEqual(64);
    const pictures = [-1, 1].map((value) => scoresOf(network, new Float32Array(codes).fill(value)));
    for (const picture of pictures) {
      expect(picture).toHaveLength(784);
      expect(Math.min(...picture)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...picture)).toBeLessThanOrEqual(1);
      expect(Math.max(...picture)).toBeGreaterThan(0.5);
      // Paper: the four corners of a digit are black.
      for (const corner of [0, 27, 27 * 28, 783]) expect(picture[corner]).toBeLessThan(0.05);
    }
    const [one = [], other = []] = pictures.map((picture) => [...picture]);
    expect(Math.hypot(...one.map((value, i) => value - (other[i] ?? 0)))).toBeGreaterThan(1);
  });
});
