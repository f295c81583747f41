import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ElucidError } from '../../schemas/errors.ts';
import { FileHashes } from './fileHashes.ts';
import { MANIFEST, type ManifestEntry, readManifest, readModel } from './readModel.ts';
import type { RegisteredModel, RegistryEntry, RegistryOptions } from './registeredModel.ts';
import { compareVersions } from './versions.ts';

/** Most names in a message that tells what there is. */
const SHOWN = 50;

/** The models there are. */
export interface Registry {
  /** All folders with a manifest, by name, then highest version first. */
  list(): readonly RegistryEntry[];
  /**
   * A model by name; the highest version unless one is given.
   * @throws ElucidError `unknown-model` naming what there is, `model-failed` when its folder could not be read.
   */
  get(name: string, version?: string): RegisteredModel;
}

/** The models there were when the folders were read: never changes. */
export interface RegistrySnapshot extends Registry {
  /** Reads the folders again. This snapshot stays as it is. */
  reload(): Promise<RegistrySnapshot>;
  /** Has the files of a model hashed anew by the next reload, although they look unchanged. */
  distrust(model: RegisteredModel): void;
}

/**
 * Reads and checks the manifest of every folder in `zooDir` and `modelsDir`, and the checksums of its files. A faulty
 * model does not stop the others.
 * @param hashes what is remembered of the files' content
 * @throws ElucidError `model-failed` when one of the two folders cannot be read
 */
export async function openRegistry(
  options: RegistryOptions,
  hashes = FileHashes.forgetful(),
): Promise<RegistrySnapshot> {
  const folders = await manifestFolders(options);
  const entries = await Promise.all(
    folders.map(({ path, entry }) => (entry.state === 'failed' ? entry : readModel(path, entry.manifest, hashes))),
  );
  await hashes.save();
  const sorted = withoutDoubles(entries).sort(compareEntries);
  return {
    list: () => sorted,
    get: (name, version) => find(sorted, name, version ?? null),
    reload: () => openRegistry(options, hashes),
    distrust: ({ definition, weights }) => {
      for (const file of definition === null ? weights : [definition, ...weights]) hashes.forget(file.path);
    },
  };
}

/** A folder that holds a manifest. */
export interface ManifestFolder {
  readonly path: string;
  readonly entry: ManifestEntry;
}

/**
 * Every folder in `zooDir` and `modelsDir` that holds a manifest, with what the manifest says; none of the files that it
 * names is read.
 * @throws ElucidError `model-failed` when one of the two folders cannot be read
 */
export async function manifestFolders({
  zooDir,
  modelsDir,
  name,
}: RegistryOptions): Promise<readonly ManifestFolder[]> {
  const roots = [zooDir, modelsDir].filter((root) => root !== null);
  const folders = (await Promise.all(roots.map(modelFolders))).flat();
  const read = await Promise.all(
    folders.map(async (folder) => ({ path: folder.path, entry: await readManifest(folder.path, folder.name) })),
  );
  const claimed = (entry: ManifestEntry) => (entry.state === 'failed' ? entry.name : entry.manifest.name);
  return read.filter(({ entry }) => name === undefined || claimed(entry) === name);
}

interface Folder {
  readonly path: string;
  readonly name: string;
}

/** The visible folders of `root` that hold a manifest. */
async function modelFolders(root: string): Promise<readonly Folder[]> {
  const names = await readdir(root).catch(() => {
    throw new ElucidError('model-failed', `the folder of models ${root} cannot be read`);
  });
  const visible = names.filter((name) => !name.startsWith('.')).sort();
  const folders = visible.map((name) => ({ name, path: resolve(root, name) }));
  const hasManifest = await Promise.all(folders.map(({ path }) => exists(join(path, MANIFEST))));
  return folders.filter((_, index) => hasManifest[index]);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Of several folders with the same name and version only the first is a model. */
function withoutDoubles(entries: readonly RegistryEntry[]): RegistryEntry[] {
  const taken = new Set<string>();
  return entries.map((entry) => {
    if (entry.state === 'failed') return entry;
    const { name, version } = entry.model.manifest;
    const key = `${name} ${version}`;
    if (taken.has(key)) {
      return { state: 'failed', name, version, reason: `another folder holds ${name} version ${version} already` };
    }
    taken.add(key);
    return entry;
  });
}

function nameOf(entry: RegistryEntry): string {
  return entry.state === 'failed' ? entry.name : entry.model.manifest.name;
}

function versionOf(entry: RegistryEntry): string | null {
  return entry.state === 'failed' ? entry.version : entry.model.manifest.version;
}

/** By name, then highest version first, then models before failures. */
function compareEntries(a: RegistryEntry, b: RegistryEntry): number {
  if (nameOf(a) !== nameOf(b)) return nameOf(a) < nameOf(b) ? -1 : 1;
  return (
    compareVersions(versionOf(b) ?? '', versionOf(a) ?? '') ||
    Number(a.state === 'failed') - Number(b.state === 'failed')
  );
}

function find(entries: readonly RegistryEntry[], name: string, version: string | null): RegisteredModel {
  const namesakes = entries.filter((entry) => nameOf(entry) === name);
  if (namesakes.length === 0) throw unknown(`there is no model ${received(name)}`, entries.map(nameOf));
  const wanted = namesakes.filter((entry) => version === null || versionOf(entry) === version);
  const found = wanted.find((entry) => entry.state === 'registered');
  if (found !== undefined) return found.model;
  const failed = wanted.find((entry) => entry.state === 'failed');
  if (failed !== undefined)
    throw new ElucidError('model-failed', `the model ${name} cannot be loaded: ${failed.reason}`);
  const versions = namesakes.map(versionOf).filter((known) => known !== null);
  throw unknown(`the model ${name} has no version ${received(version ?? '')}`, versions);
}

function unknown(fault: string, available: readonly string[]): ElucidError {
  const names = [...new Set(available)];
  const rest = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return new ElucidError('unknown-model', `${fault}; available: ${names.slice(0, SHOWN).join(', ') || 'none'}${rest}`);
}

/** What a client sent, fit for a message. */
function received(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}...` : text);
}
