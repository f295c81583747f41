import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { manifestSchema } from '../../schemas/manifest.ts';
import { costOf } from '../../training/cost.ts';

const zoo = fileURLToPath(new URL('../../models/zoo', import.meta.url));

interface WeightSpec {
  name: string;
  shape: number[];
}

function open(name: string) {
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(`${zoo}/${name}/manifest.json`, 'utf8')));
  const definition = JSON.parse(readFileSync(`${zoo}/${name}/model.json`, 'utf8'));
  const specs: WeightSpec[] = definition.weightsManifest[0].weights;
  return { manifest, definition, specs, weights: readFileSync(`${zoo}/${name}/weights.bin`) };
}

/** The weights by name, in the order in which they lie in the file. */
function split({ specs, weights }: ReturnType<typeof open>): Map<string, number[]> {
  let offset = 0;
  return new Map(
    specs.map(({ name, shape }) => {
      const count = shape.reduce((product, size) => product * size, 1);
      const values = Array.from({ length: count }, (_, index) => weights.readFloatLE(offset + 4 * index));
      offset += 4 * count;
      return [name, values];
    }),
  );
}

describe.each([
  { name: 'mnist-mlp', weightLayers: 3, leastAccuracy: 0.982, mostMultiplyAdds: 300_000 },
  { name: 'mnist-cnn', weightLayers: 6, leastAccuracy: 0.992, mostMultiplyAdds: 5_000_000 },
])('$name', ({ name, weightLayers, leastAccuracy, mostMultiplyAdds }) => {
  const model = open(name);

  it('has the files that its manifest names, with their SHA-256', () => {
    const { definition, weights } = model.manifest.files;
    const files = [definition, ...(Array.isArray(weights) ? weights : [])];
    expect(files).toHaveLength(2);
    for (const file of files) {
      const bytes = readFileSync(`${zoo}/${name}/${file?.path}`);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(file?.sha256);
    }
  });

  it('states its name, its box, its labels and the layer that is explained', () => {
    const { layers } = model.definition.modelTopology.config;
    expect(model.manifest).toMatchObject({
      name,
      input: { kind: 'image', shape: [1, 28, 28], box: [0, 1] },
      output: { kind: 'classification', layer: layers.at(-1).config.name, labels: [...'0123456789'] },
    });
  });

  it('reaches the accuracy that it must', () => {
    expect(model.manifest.metrics?.['test_accuracy']).toBeGreaterThanOrEqual(leastAccuracy);
    expect(model.manifest.metrics?.['measured_by']).toBe(`npm run train -- ${name}`);
  });

  it('is as deep and as cheap as it must be', () => {
    expect(model.specs.filter(({ name }) => name.endsWith('/kernel'))).toHaveLength(weightLayers);
    expect(costOf(model.definition).multiplyAdds).toBeLessThanOrEqual(mostMultiplyAdds);
    expect(model.weights.length).toBe(4 * costOf(model.definition).parameters);
    expect(model.weights.length).toBeLessThan(2_000_000);
  });

  it('has finite weights, and no positive bias in a hidden layer', () => {
    for (const [weight, values] of split(model)) {
      expect(values.every(Number.isFinite)).toBe(true);
      if (weight.endsWith('/bias') && weight !== 'output/bias') expect(Math.max(...values)).toBeLessThanOrEqual(0);
    }
  });

  it('has class means: ten pictures within the box, each unlike the others', () => {
    const bytes = readFileSync(`${zoo}/${name}/means.npy`);
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
