import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ElucidError } from '../../schemas/errors.ts';
import { parameterCount } from '../cost.ts';
import { importModel } from '../importers/importModel.ts';
import type { RegisteredModel } from '../registry/registeredModel.ts';
import { TensorStore } from '../tensors/store.ts';

/** What became of an import that was only tried. */
export type TrialImport =
  | { readonly state: 'imported'; readonly layers: number; readonly parameters: number }
  | { readonly state: 'failed'; readonly reason: string };

/** Imports a model from its files into a temporary store, whatever the tensor store may hold of it already. */
export async function tryImport(model: RegisteredModel): Promise<TrialImport> {
  const folder = await mkdtemp(join(tmpdir(), 'elucid-import-'));
  try {
    const { layers } = await importModel(model, await TensorStore.open(folder));
    const parameters = layers.reduce((sum, layer) => sum + parameterCount(layer), 0);
    return { state: 'imported', layers: layers.length, parameters };
  } catch (error) {
    if (!(error instanceof ElucidError)) throw error;
    return { state: 'failed', reason: error.message };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
