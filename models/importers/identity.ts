import { createHash } from 'node:crypto';
import type { Manifest } from '../../schemas/manifest.ts';

/** Raised whenever an importer makes another network of the same files: networks in the store are then imported anew. */
const IMPORTER_VERSION = 1;

interface HashedFile {
  readonly name: string;
  readonly sha256: string;
}

/** The content hash of a model: all that decides which network its files become. Hexadecimal. */
export function modelId(manifest: Manifest, definition: HashedFile | null, weights: readonly HashedFile[]): string {
  const { format, files, input, output } = manifest;
  const content = (file: HashedFile) => [file.name, file.sha256];
  const parts = {
    version: IMPORTER_VERSION,
    format,
    definition: definition && content(definition),
    weights: 'random' in files.weights ? files.weights.random : weights.map(content),
    shape: input.shape,
    output: [output.kind, output.layer ?? null],
  };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
