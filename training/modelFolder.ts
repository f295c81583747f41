import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import type { ManifestSpec } from '../schemas/manifest.ts';
import type { Recipe, Trained } from './recipe.ts';
import type { SavedModel, TensorFlow } from './tensorflow.ts';

const WEIGHTS = 'weights.bin';
const DEFINITION = 'model.json';

/** Writes a trained model as a folder of a registry: definition, weights, its further files and the manifest. */
export async function writeModelFolder(
  tf: TensorFlow,
  recipe: Recipe,
  trained: Trained,
  folder: string,
): Promise<void> {
  const { definition, weights } = await serialise(tf, trained.model);
  const manifest = describe(recipe, trained, sha256(definition), sha256(weights));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, DEFINITION), definition);
  await writeFile(join(folder, WEIGHTS), weights);
  for (const [name, bytes] of Object.entries(trained.files)) await writeFile(join(folder, name), bytes);
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

async function serialise(tf: TensorFlow, model: SavedModel): Promise<{ definition: string; weights: Buffer }> {
  const caught: io.ModelArtifacts[] = [];
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      caught.push(artifacts);
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
    }),
  );
  const [artifacts] = caught;
  if (!artifacts?.weightData) throw new Error('TensorFlow.js saved no weights');
  const { format, generatedBy, convertedBy = null, modelTopology, weightSpecs } = artifacts;
  const weightsManifest = [{ paths: [WEIGHTS], weights: weightSpecs }];
  const definition = { format, generatedBy, convertedBy, modelTopology, weightsManifest };
  return {
    definition: `${JSON.stringify(definition, null, 1)}\n`,
    weights: Buffer.from(new Uint8Array(tf.io.CompositeArrayBuffer.join(artifacts.weightData))),
  };
}

function describe(recipe: Recipe, trained: Trained, definitionHash: string, weightsHash: string): ManifestSpec {
  const { input, output, companions } = trained.manifest;
  return {
    name: recipe.name,
    version: '1',
    title: recipe.title,
    licence: 'Apache-2.0',
    source: `training/recipes/${recipe.name}.ts, trained on MNIST (LeCun, Cortes, Burges)`,
    format: 'tfjs',
    files: {
      definition: { path: DEFINITION, sha256: definitionHash },
      weights: [{ path: WEIGHTS, sha256: weightsHash }],
    },
    input,
    output,
    ...(companions && { companions }),
    metrics: { ...trained.metrics, measured_by: `npm run train -- ${recipe.name}` },
  };
}
