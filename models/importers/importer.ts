import type { Manifest, RandomWeights } from '../../schemas/manifest.ts';
import type { Network } from '../network.ts';
import type { Shape } from '../tensors/tensor.ts';

/** A file of a model, read only when an importer asks for it. */
export interface SourceFile {
  /** As the manifest has it; for messages, and to be found by the definition. */
  readonly name: string;
  readonly bytes: number;
  /** @throws ElucidError `model-failed` when the file is gone or its content is not what was registered. */
  read(): Promise<Uint8Array>;
}

/** What an importer gets to know of a model. */
export interface ImportSource {
  readonly definition: SourceFile | null;
  readonly weights: readonly SourceFile[] | RandomWeights;
  /** Shape of the input without the batch, as the manifest states it. */
  readonly inputShape: Shape;
  readonly output: ImportedOutput;
}

export interface ImportedOutput {
  readonly kind: Manifest['output']['kind'];
  /** Name of the layer to explain; null for the last. */
  readonly layer: string | null;
}

/** A network that has no identity yet, with its parameters in memory. */
export type ImportedNetwork = Omit<Network, 'id'>;

/**
 * Reads the files of one format.
 * @throws ElucidError `model-failed`, naming everything that cannot be imported at once.
 */
export type Importer = (source: ImportSource) => Promise<ImportedNetwork>;
