import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifestSchema } from '../../schemas/manifest.ts';
import { costOf } from '../../training/cost.ts';
import { folderOf, PROJECT } from '../../training/places.ts';
import { recipes } from '../../training/recipes/index.ts';
import { readWeights } from './weights.ts';

function open(folder: string) {
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')));
  const definition = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  return { manifest, definition, weights: readWeights(folder), cost: costOf(definition) };
}

describe.each([...recipes.values()])('$name', (recipe) => {
  const folder = folderOf(recipe, PROJECT);
  const { manifest, weights, cost } = open(folder);

  it('has the files that its manifest names, with their SHA-256', () => {
    const { definition, weights: stored } = manifest.files;
    const files = [definition, ...(Array.isArray(stored) ? stored : [])];
    expect(files).toHaveLength(2);
    for (const file of files) {
      const bytes = readFileSync(join(folder, file?.path ?? ''));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(file?.sha256);
    }
  });

  it('is named after its recipe, and says which command measured it', () => {
    expect(manifest).toMatchObject({ name: recipe.name, title: recipe.title });
    expect(manifest.metrics?.['measured_by']).toBe(`npm run train -- ${recipe.name}`);
  });

  it('has finite weights, as many as its layers need, and less than 2 MB of them', () => {
    const values = [...weights.values()].flat();
    expect(values.every(Number.isFinite)).toBe(true);
    expect(readFileSync(join(folder, 'weights.bin'))).toHaveLength(4 * cost.parameters);
    expect(values).toHaveLength(cost.parameters);
    expect(4 * cost.parameters).toBeLessThan(2_000_000);
  });
});

test('all weights together have less than 6 MB', () => {
  const sizes = Array.from(recipes.values(), (recipe) => 4 * open(folderOf(recipe, PROJECT)).cost.parameters);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(6_000_000);
});

test.each(['mnist-rbm', 'mnist-rbm-b'])('%s adds up its hidden units, each once', (name) => {
  const recipe = recipes.get(name);
  if (recipe === undefined) throw new Error(`there is no recipe ${name}`);
  const { manifest, weights } = open(folderOf(recipe, PROJECT));
  expect(manifest).toMatchObject({
    input: { shape: [1, 28, 28], box: [0, 1] },
    output: { kind: 'regression', unit: 'nats' },
  });
  const hidden = weights.get('hidden/bias')?.length ?? 0;
  expect(hidden).toBeGreaterThanOrEqual(300);
  expect(weights.get('summed/kernel')).toEqual(new Array(hidden).fill(1));
});

describe.each([
  { name: 'mnist-mlp', weightLayers: 3, leastAccuracy: 0.982, mostMultiplyAdds: 300_000 },
  { name: 'mnist-cnn', weightLayers: 6, leastAccuracy: 0.992, mostMultiplyAdds: 5_000_000 },
])('$name', ({ name, weightLayers, leastAccuracy, mostMultiplyAdds }) => {
  const folder = join(PROJECT.zoo, name);
  const model = open(folder);

  it('states its name, its box, its labels and the layer that is explained', () => {
    const { layers } = model.definition.modelTopology.config;
    expect(model.manifest).toMatchObject({
      name,
      input: { kind: 'image', shape: [1, 28, 28], box: [0, 1] },
      output: { kind: 'classification', layer: layers.at(-1).config.name, labels: [...'0123456789'] },
    });
  });

  it('names its companions', () => {
    expect(model.manifest.companions).toEqual({
      classMeans: 'means.npy',
      density: 'mnist-rbm',
      generator: 'mnist-decoder',
    });
  });

  it('reaches the accuracy that it must', () => {
    expect(model.manifest.metrics?.['test_accuracy']).toBeGreaterThanOrEqual(leastAccuracy);
  });

  it('is as deep and as cheap as it must be', () => {
    expect([...model.weights.keys()].filter((weight) => weight.endsWith('/kernel'))).toHaveLength(weightLayers);
    expect(model.cost.multiplyAdds).toBeLessThanOrEqual(mostMultiplyAdds);
  });

  it('has no positive bias in a hidden layer', () => {
    for (const [weight, values] of model.weights) {
      if (weight.endsWith('/bias') && weight !== 'output/bias') expect(Math.max(...values)).toBeLessThanOrEqual(0);
    }
  });

  it('has class means: ten pictures within the box, each unlike the others', () => {
    const bytes = readFileSync(join(folder, 'means.npy'));
    const start = 10 + bytes.readUInt16LE(8);
    expect(bytes.subarray(10, start).toString()).toContain("'<f4', 'fortran_order': False, 'shape': (10, 1, 28, 28)");
    const values = new Float32Array(new Uint8Array(bytes.subarray(start)).buffer);
    expect(values).toHaveLength(10 * 784);
    expect(Math.min(...values)).toBe(0);
    expect(Math.max(...values)).toBeGreaterThan(0.5);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    const overall = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(overall).toBeCloseTo(0.1307, 2);
  });
});
