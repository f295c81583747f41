import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importModel } from '../../models/importers/importModel.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { openRegistry, type Registry } from '../../models/registry/registry.ts';
import { decodeNpy } from '../../models/tensors/npy.ts';
import type { TensorStore } from '../../models/tensors/store.ts';
import { createOnnxEngine } from '../../services/engine/onnx/engine.ts';
import type { PrototypeOutcome } from '../../services/prototype/plan.ts';
import { planPrototype } from '../../services/prototype/planPrototype.ts';
import { compilePrototype, drivePrototype } from '../../services/prototype/runPrototype.ts';
import type { PrototypeSubject } from '../../services/prototype/subject.ts';
import { inMemory, scoresOf } from '../models/forward.ts';
import { temporaryStore } from '../support/engines.ts';
import { optionsOf } from './subjects.ts';

let registry: Registry;
let store: TensorStore;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ store, remove } = await temporaryStore());
  registry = await openRegistry({ zooDir: join(import.meta.dirname, '../../models/zoo'), modelsDir: null });
});
afterAll(() => remove());

async function network(model: RegisteredModel) {
  return importModel(model, store);
}

async function subjectOf(name: string): Promise<PrototypeSubject> {
  const model = registry.get(name);
  const [density, generator] = [registry.get('mnist-rbm'), registry.get('mnist-decoder')];
  const means = await readFile(model.companions.classMeans ?? '');
  return {
    name,
    network: await network(model),
    kind: model.manifest.output.kind,
    box: model.box,
    labels: model.labels,
    classMeans: decodeNpy(means).data,
    density: { name: 'mnist-rbm', network: await network(density), box: density.box },
    generator: { name: 'mnist-decoder', network: await network(generator) },
    codeRange: null,
  };
}

async function search(subject: PrototypeSubject, request: Record<string, unknown>): Promise<PrototypeOutcome> {
  const engine = createOnnxEngine({ store, threads: 1 });
  const plan = planPrototype(subject, optionsOf({ target: 'all', ...request }));
  const executables = await compilePrototype(engine, plan, subject.network.id);
  try {
    return await drivePrototype(plan, executables);
  } finally {
    await Promise.all(Object.values(executables).map((executable) => executable.dispose()));
    await engine.dispose();
  }
}

/** p(c|x) in float64. */
function softmax(scores: Float64Array): readonly number[] {
  const powers = Array.from(scores, (score) => Math.exp(score - Math.max(...scores)));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

describe.each(['mnist-mlp', 'mnist-cnn'])('prototypes of %s by the defaults', (name) => {
  test.each([
    ['simple, from the mean', { variant: 'simple' }],
    ['simple, from the class means', { variant: 'simple', init: 'class-mean' }],
    ['simple, from zero', { variant: 'simple', init: 'zero' }],
    ['density', { variant: 'density' }],
    ['density, from the mean', { variant: 'density', init: 'mean' }],
    ['generator', { variant: 'generator' }],
    ['generator, from the class means', { variant: 'generator', init: 'class-mean' }],
  ])(
    '%s: the network is sure of all ten digits',
    async (_title, request) => {
      const subject = await subjectOf(name);
      const { rows, images } = await search(subject, request);
      const slow = await inMemory(subject.network, store);
      const probabilities = rows.map(({ target }, row) => {
        expect(target.label).toBe(String(row));
        const image = images.subarray(row * 784, (row + 1) * 784);
        expect(image.every((value) => value >= 0 && value <= 1)).toBe(true);
        return softmax(scoresOf(slow, image))[row] ?? 0;
      });
      expect(probabilities.filter((probability) => !(probability >= 0.99))).toEqual([]);
    },
    60_000,
  );
});
