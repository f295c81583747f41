import { z } from 'zod';
import { importError, quoted } from '../faults.ts';
import type { SourceFile } from '../importer.ts';
import { parsed } from './topology.ts';

/** A larger model.json than any we know of (weights are not in it). */
const MAX_DEFINITION_BYTES = 64 * 2 ** 20;

const fileSchema = z.object({
  format: z.string().optional(),
  modelTopology: z.unknown(),
  weightsManifest: z.unknown(),
  signature: z.unknown().optional(),
  userDefinedMetadata: z.unknown().optional(),
});

/** The parts of model.json, each to be read by who knows what it holds. */
export type ModelFile = z.output<typeof fileSchema>;

/** Reads model.json. @throws ElucidError `model-failed` */
export async function readModelFile(definition: SourceFile): Promise<ModelFile> {
  return parsed(fileSchema, await readJson(definition), quoted(definition.name));
}

async function readJson(file: SourceFile): Promise<unknown> {
  if (file.bytes > MAX_DEFINITION_BYTES) {
    throw importError(`${quoted(file.name)} has ${file.bytes} bytes; at most ${MAX_DEFINITION_BYTES} are read`);
  }
  try {
    return JSON.parse(new TextDecoder().decode(await file.read()));
  } catch (error) {
    throw error instanceof SyntaxError ? importError(`${quoted(file.name)} is not JSON`) : error;
  }
}
