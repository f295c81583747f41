import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, manifestSchema } from '../../schemas/manifest.ts';

const PAGE = join(import.meta.dirname, '../bring-your-own.md');

/** Where the files of the networks lie in a folder of test data. */
const PLACES = ['caffe/squeezenet-1.1', 'onnx', 'imagenet'];

/** Every manifest of docs/bring-your-own.md, in its order. */
export async function documentedManifests(): Promise<readonly Manifest[]> {
  const text = await readFile(PAGE, 'utf8');
  const blocks = [...text.matchAll(/^```json\n([^`]*)```$/gm)];
  return blocks.map(([, json = '']) => manifestSchema.parse(JSON.parse(json)));
}

/**
 * Makes a folder of models out of the manifests of docs/bring-your-own.md and the files that a folder of data holds.
 * @param data the folder with caffe/, onnx/ and imagenet/
 */
export async function makeOwnModels(names: readonly string[], data: string, folder: string): Promise<void> {
  for (const manifest of await documentedManifests()) {
    if (!names.includes(manifest.name)) continue;
    const own = join(folder, manifest.name);
    await mkdir(own, { recursive: true });
    for (const file of filesOf(manifest)) await copyFirst(file, data, join(own, file));
    await writeFile(join(own, 'manifest.json'), JSON.stringify(manifest));
  }
}

function filesOf({ files, output }: Manifest): readonly string[] {
  const weights = 'random' in files.weights ? [] : [files.weights].flat();
  const labels = typeof output.labels === 'string' ? [output.labels] : [];
  return [...[files.definition, ...weights].flatMap((file) => (file === undefined ? [] : [file.path])), ...labels];
}

/** Copies the file from the first place that has it. */
async function copyFirst(name: string, data: string, target: string): Promise<void> {
  const tried = [];
  for (const place of PLACES) {
    try {
      return await copyFile(join(data, place, name), target);
    } catch (error) {
      tried.push(error);
    }
  }
  throw new AggregateError(tried, `there is no ${name} under ${data}`);
}
