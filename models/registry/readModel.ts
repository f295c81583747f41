import { createHash } from 'node:crypto';
import { type Manifest, manifestSchema, modelNameSchema, modelVersionSchema } from '../../schemas/manifest.ts';
import { modelId } from '../importers/identity.ts';
import { inputBox } from './box.ts';
import type { FileHashes } from './fileHashes.ts';
import { fileInside, ModelFault, readInside, registerFile } from './files.ts';
import { readMeanImage } from './meanImage.ts';
import type { Companions, FailedEntry, RegisteredFile, RegisteredModel, RegistryEntry } from './registeredModel.ts';

export const MANIFEST = 'manifest.json';

const MAX_MANIFEST_BYTES = 16 * 2 ** 20;
const MAX_LABEL_BYTES = 64 * 2 ** 20;

/** Longest list of faults of one manifest that is shown. */
const SHOWN = 10;

/** A manifest that was read, or why it cannot be used. */
export type ManifestEntry = { readonly state: 'read'; readonly manifest: Manifest } | FailedEntry;

/** Reads and checks a folder's manifest, but none of the files that it names. */
export async function readManifest(folder: string, folderName: string): Promise<ManifestEntry> {
  let content: unknown;
  try {
    content = parseJson(await readInside(folder, MANIFEST, MAX_MANIFEST_BYTES));
    return { state: 'read', manifest: parseManifest(content) };
  } catch (error) {
    return { state: 'failed', ...claimed(content, folderName), reason: reasonOf(error) };
  }
}

/** Reads and checks the files of a model. Whatever is wrong with them becomes the reason of a `failed` entry. */
export async function readModel(folder: string, manifest: Manifest, hashes: FileHashes): Promise<RegistryEntry> {
  try {
    return { state: 'registered', model: await register(folder, manifest, hashes) };
  } catch (error) {
    return { state: 'failed', name: manifest.name, version: manifest.version, reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof ModelFault)) throw error;
  return error.message;
}

async function register(folder: string, manifest: Manifest, hashes: FileHashes): Promise<RegisteredModel> {
  const { files, input, output } = manifest;
  const definition = files.definition ? await registerFile(folder, files.definition, hashes) : null;
  const { weights, sha256 } = await registerWeights(folder, manifest, hashes);
  const meanImage = await readMeanImage(folder, input);
  const id = modelId(manifest, definition, weights);
  const labels = await readLabels(folder, output.labels ?? null);
  const companions = await findCompanions(folder, manifest);
  const ownHashes = await companionHashes(folder, manifest, hashes);
  return {
    manifest,
    folder,
    id,
    fingerprint: sha256Of(JSON.stringify([id, folder, manifest, labels, meanImage && sha256Of(meanImage), ownHashes])),
    sha256,
    definition,
    weights,
    labels,
    box: inputBox(input, meanImage),
    meanImage,
    companions,
  };
}

async function registerWeights(folder: string, { files }: Manifest, hashes: FileHashes) {
  if ('random' in files.weights) return { weights: [], sha256: sha256Of(JSON.stringify(files.weights.random)) };
  const weights: RegisteredFile[] = [];
  for (const file of [files.weights].flat()) weights.push(await registerFile(folder, file, hashes));
  return { weights, sha256: await hashes.joinedSha256(weights) };
}

function sha256Of(content: string | Float32Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Labels as they are listed, or one per line of a UTF-8 file. */
async function readLabels(
  folder: string,
  labels: readonly string[] | string | null,
): Promise<readonly string[] | null> {
  if (typeof labels !== 'string') return labels;
  const text = (await readInside(folder, labels, MAX_LABEL_BYTES)).toString('utf8');
  const lines = text
    .replace(/^\uFEFF/, '')
    .trimEnd()
    .split('\n');
  const names = lines.map((line) => line.trim());
  const empty = names.indexOf('');
  if (empty >= 0) throw new ModelFault(`line ${empty + 1} of ${labels} is empty; there must be one label per line`);
  return names;
}

async function findCompanions(folder: string, { companions }: Manifest): Promise<Companions> {
  const pathOf = async (name: string | undefined) => (name === undefined ? null : await fileInside(folder, name));
  return {
    density: companions?.density ?? null,
    generator: companions?.generator ?? null,
    codeRange: await pathOf(companions?.codeRange),
    classMeans: await pathOf(companions?.classMeans),
  };
}

/** Hashes of the companions that are files of the model's folder. */
async function companionHashes(folder: string, { companions }: Manifest, hashes: FileHashes) {
  const found: (string | null)[] = [];
  for (const path of [companions?.classMeans, companions?.codeRange]) {
    found.push(path === undefined ? null : (await registerFile(folder, { path }, hashes)).sha256);
  }
  return found;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new ModelFault(`${MANIFEST} is not JSON`);
  }
}

function parseManifest(content: unknown): Manifest {
  const result = manifestSchema.safeParse(content);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || MANIFEST}: ${message}`);
  throw new ModelFault(faults.slice(0, SHOWN).join('; '));
}

/** The name and version that a faulty manifest claims, as far as they are legal. */
function claimed(content: unknown, folderName: string): { name: string; version: string | null } {
  const field = (key: string) => (content !== null && typeof content === 'object' ? Reflect.get(content, key) : null);
  const name = modelNameSchema.safeParse(field('name'));
  const version = modelVersionSchema.safeParse(field('version'));
  return { name: name.success ? name.data : folderName, version: version.success ? version.data : null };
}
