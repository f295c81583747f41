import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import type { ManifestSpec } from '../schemas/manifest.ts';
import { CLASSES, SIDE } from './mnist.ts';
import { encodeNpy } from './npy.ts';
import { PIXEL_SCALE, type Recipe } from './recipe.ts';
import type { SequentialModel, TensorFlow } from './tensorflow.ts';

const WEIGHTS = 'weights.bin';
const DEFINITION = 'model.json';
const MEANS = 'means.npy';

/** What training leaves behind, besides the model itself. */
export interface Outcome {
  readonly testAccuracy: number;
  /** Mean picture of every class, [10, 1, 28, 28]. */
  readonly means: Float32Array;
}

/** Writes a trained model as a folder of the zoo: definition, weights, class means and manifest. */
export async function writeZooFolder(
  tf: TensorFlow,
  model: SequentialModel,
  recipe: Recipe,
  outcome: Outcome,
  folder: string,
): Promise<void> {
  const { definition, weights } = await serialise(tf, model);
  const manifest = describe(recipe, outcome, sha256(definition), sha256(weights));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, DEFINITION), definition);
  await writeFile(join(folder, WEIGHTS), weights);
  await writeFile(join(folder, MEANS), encodeNpy([CLASSES, 1, SIDE, SIDE], outcome.means));
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

async function serialise(tf: TensorFlow, model: SequentialModel): Promise<{ definition: string; weights: Buffer }> {
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

function describe(recipe: Recipe, outcome: Outcome, definitionHash: string, weightsHash: string): ManifestSpec {
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
    input: {
      kind: 'image',
      shape: [1, SIDE, SIDE],
      preprocessing: { colour: 'gray', resize: SIDE, crop: 'centre', fit: 'short-side', scale: PIXEL_SCALE },
      box: [0, 1],
    },
    output: {
      kind: 'classification',
      layer: 'output',
      labels: Array.from({ length: CLASSES }, (_, digit) => `${digit}`),
    },
    companions: { classMeans: MEANS },
    metrics: { test_accuracy: outcome.testAccuracy, measured_by: `npm run train -- ${recipe.name}` },
  };
}
