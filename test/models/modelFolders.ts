import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ManifestSpec } from '../../schemas/manifest.ts';
import { KerasLayers } from './kerasLayers.ts';
import { type KerasModel, modelJson, weightBytes } from './kerasModel.ts';

/** A temporary folder, and how to get rid of it. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'elucid-models-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Writes files (text, bytes, or JSON of anything else) below a folder. */
export async function writeFiles(folder: string, files: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    const isRaw = typeof content === 'string' || content instanceof Uint8Array;
    await writeFile(path, isRaw ? content : JSON.stringify(content));
  }
}

const layers = new KerasLayers(3);

/** A network for gray pictures of 2×3 pixels with a weight that is stored as a file. */
export const tinyModel: KerasModel = {
  kind: 'Sequential',
  inputShape: [2, 3, 1],
  layers: [
    layers.conv2d('conv', 1, 60, [2, 3], { activation: 'relu' }),
    { className: 'Flatten', name: 'flat' },
    layers.dense('end', 60, 2, { activation: 'softmax' }),
  ],
};

/** Its files. */
export const tinyFiles = { 'model.json': modelJson(tinyModel), 'weights.bin': weightBytes(tinyModel) };

/** Its manifest, with any field changed. */
export function tinyManifest(changes: Partial<ManifestSpec> = {}): ManifestSpec {
  return {
    name: 'tiny',
    version: '1',
    format: 'tfjs',
    files: {
      definition: { path: 'model.json' },
      weights: { path: 'weights.bin', sha256: sha256(tinyFiles['weights.bin']) },
    },
    input: { kind: 'image', shape: [1, 2, 3], preprocessing: { scale: 1 / 255 } },
    output: { kind: 'classification', labels: ['cat', 'dog'] },
    ...changes,
  };
}

/** SHA-256 in hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
