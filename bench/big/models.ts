import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ManifestSpec } from '../../schemas/manifest.ts';

/** Speed and memory do not depend on the values of weights: these have the shapes of the real ones. */
const RANDOM = { random: { seed: 1, filler: 'msra' } } as const;

/** Networks of the size that people use, and the files of a folder of data that they are made of. */
export const BIG_MODELS: readonly { readonly manifest: ManifestSpec; readonly file: string }[] = [
  {
    manifest: {
      name: 'caffenet',
      version: '1',
      format: 'caffe',
      files: { definition: { path: 'model.prototxt' }, weights: RANDOM },
      input: image(227, { colour: 'bgr', resize: 256, mean: [104, 117, 123] }),
      output: { kind: 'classification' },
    },
    file: 'caffe/deploy/bvlc_reference_caffenet.prototxt',
  },
  {
    manifest: {
      name: 'vgg16',
      version: '1',
      format: 'caffe',
      files: { definition: { path: 'model.prototxt' }, weights: RANDOM },
      input: image(224, { colour: 'bgr', resize: 256, mean: [104, 117, 123] }),
      output: { kind: 'classification' },
    },
    file: 'caffe/deploy/vgg16.prototxt',
  },
  {
    manifest: {
      name: 'efficientnet-lite0',
      version: '1',
      format: 'onnx',
      files: { weights: { path: 'model.onnx' } },
      input: image(224, { colour: 'rgb', resize: 256, filter: 'cubic', scale: 1 / 128, mean: [127 / 128] }),
      output: { kind: 'classification' },
    },
    file: 'onnx/efficientnet-lite0.onnx',
  },
];

type ImageInput = Extract<ManifestSpec['input'], { kind: 'image' }>;

function image(side: number, preprocessing: ImageInput['preprocessing']): ImageInput {
  return { kind: 'image', shape: [3, side, side], preprocessing };
}

/** Makes a folder of models. @param data the folder with caffe/ and onnx/ */
export async function makeBigModels(data: string, folder: string): Promise<void> {
  for (const { manifest, file } of BIG_MODELS) {
    const own = join(folder, manifest.name);
    await mkdir(own, { recursive: true });
    await copyFile(join(data, file), join(own, file.endsWith('.onnx') ? 'model.onnx' : 'model.prototxt'));
    await writeFile(join(own, 'manifest.json'), JSON.stringify(manifest));
  }
}
