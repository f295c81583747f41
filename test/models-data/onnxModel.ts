import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { openRegistry } from '../../models/registry/registry.ts';
import { type ArrayTensor, arrayTensor, sizeOf } from '../../models/tensors/tensor.ts';
import type { ManifestSpec } from '../../schemas/manifest.ts';
import { type SeenImage, seenBy } from '../support/seenBy.ts';

/** A file of the data that `npm run test:models -- --data` names. */
export function dataFile(...path: readonly string[]): string {
  const data = process.env['ELUCID_TEST_DATA'];
  if (data === undefined) throw new Error('run these tests by npm run test:models -- --data DIR');
  return join(data, ...path);
}

/** EfficientNet-Lite0 as its authors prepare pictures for it. */
export const EFFICIENTNET: ManifestSpec = {
  name: 'efficientnet-lite0',
  version: '1',
  format: 'onnx',
  licence: 'Apache-2.0',
  files: { weights: { path: 'efficientnet-lite0.onnx' } },
  input: {
    kind: 'image',
    shape: [3, 224, 224],
    preprocessing: { colour: 'rgb', resize: 256, crop: 'centre', filter: 'cubic', mean: [127], std: [128] },
    box: [-127 / 128, 1],
  },
  output: { kind: 'classification', labels: 'synset_words.txt' },
};

/** Registers a model from copies of its files, as the service does. */
export async function registered(
  manifest: ManifestSpec,
  files: readonly string[],
): Promise<{ model: RegisteredModel; remove(): Promise<void> }> {
  const modelsDir = await mkdtemp(join(tmpdir(), 'elucid-models-'));
  const folder = join(modelsDir, manifest.name);
  await mkdir(folder);
  for (const file of files) await copyFile(file, join(folder, basename(file)));
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  const registry = await openRegistry({ zooDir: modelsDir, modelsDir: null });
  return { model: registry.get(manifest.name), remove: () => rm(modelsDir, { recursive: true, force: true }) };
}

/** A photograph as a model sees it. */
export async function photograph(name: string, { manifest }: RegisteredModel): Promise<SeenImage> {
  const { input } = manifest;
  if (input.kind !== 'image') throw new TypeError(`${manifest.name} takes no images`);
  const { shape, preprocessing } = input;
  const bytes = await readFile(dataFile('imagenet', name));
  return seenBy({ shape, preprocessing }, bytes, 2 ** 24);
}

/** Inputs [1, ...] as one batch. */
export function batchOf(inputs: readonly ArrayTensor[]): ArrayTensor {
  const shape = inputs[0]?.shape.slice(1) ?? [];
  const data = new Float32Array(inputs.length * sizeOf(shape));
  for (const [row, input] of inputs.entries()) data.set(input.data, row * sizeOf(shape));
  return arrayTensor([inputs.length, ...shape], data);
}

/** The place of the first largest value. */
export function largestAt(values: Float32Array): number {
  return values.indexOf(values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY));
}
