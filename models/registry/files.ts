import { readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { ModelFile } from '../../schemas/manifest.ts';
import type { FileHashes } from './fileHashes.ts';
import type { RegisteredFile } from './registeredModel.ts';

/** A folder is no model; the message is fit for clients and holds no absolute path. */
export class ModelFault extends Error {
  readonly code = 'model-fault';
}

/**
 * Absolute path of a file of a model.
 * @throws ModelFault when it does not exist, is no plain file, or lies (through a link) outside the folder
 */
export async function fileInside(folder: string, name: string): Promise<string> {
  const path = await orMissing(name, realpath(join(folder, name)));
  // Somebody may delete the folder meanwhile.
  const inside = await orMissing(name, realpath(folder));
  if (!path.startsWith(inside + sep)) throw new ModelFault(`the file ${name} leaves the model's folder`);
  if (!(await orMissing(name, stat(path))).isFile()) throw new ModelFault(`${name} is not a file`);
  return path;
}

function orMissing<Value>(name: string, found: Promise<Value>): Promise<Value> {
  return found.catch(() => {
    throw new ModelFault(`the file ${name} does not exist`);
  });
}

/** The content of a file of a model, if it is not larger than `limit` bytes. @throws ModelFault */
export async function readInside(folder: string, name: string, limit: number): Promise<Buffer> {
  const path = await fileInside(folder, name);
  const { size } = await orMissing(name, stat(path));
  if (size > limit) throw new ModelFault(`the file ${name} has ${size} bytes; at most ${limit} are read`);
  return readFile(path).catch(() => {
    throw new ModelFault(`the file ${name} cannot be read`);
  });
}

/**
 * Hashes a file, and checks the checksums that the manifest states.
 * @throws ModelFault
 */
export async function registerFile(folder: string, file: ModelFile, hashes: FileHashes): Promise<RegisteredFile> {
  const path = await fileInside(folder, file.path);
  const { bytes, sha256, sha1 } = await hashes.digests(path).catch(() => {
    throw new ModelFault(`the file ${file.path} cannot be read`);
  });
  checkDigest(file.path, 'sha256', file.sha256, sha256);
  checkDigest(file.path, 'sha1', file.sha1, sha1);
  return { name: file.path, path, bytes, sha256 };
}

function checkDigest(name: string, kind: string, stated: string | undefined, actual: string): void {
  if (stated !== undefined && stated !== actual) {
    throw new ModelFault(`the ${kind} of ${name} is ${actual}, but the manifest states ${stated}`);
  }
}
