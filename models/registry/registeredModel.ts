import type { Manifest } from '../../schemas/manifest.ts';
import type { Box } from '../preprocessing/pixels.ts';

/** A file whose content was hashed when the model was registered. */
export interface RegisteredFile {
  /** As the manifest has it: relative to the model's folder, with "/". */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * A model whose manifest and files were read and checked: all that is known without loading the network. Plain data, so
 * that it can be sent to another process; never changed.
 */
export interface RegisteredModel {
  readonly manifest: Manifest;
  /** Absolute path of the model's folder. */
  readonly folder: string;
  /** Content hash: of the files, of what the manifest says of the network, and of the importers' version. `Network.id` */
  readonly id: string;
  /** Changes with anything about the model that answers depend on, or where its files are. */
  readonly fingerprint: string;
  /** Of the weights: the file's SHA-256, or that of all shards one after another. */
  readonly sha256: string;
  readonly definition: RegisteredFile | null;
  /** Empty when the weights are random. */
  readonly weights: readonly RegisteredFile[];
  readonly labels: readonly string[] | null;
  /** Given by the manifest or computed from the preprocessing; null when a tensor input has none. */
  readonly box: Box | null;
  /** Values of the mean image, [C, H, W], when the preprocessing names a file. */
  readonly meanImage: Float32Array | null;
  readonly companions: Companions;
}

export interface Companions {
  /** Name of the model. */
  readonly density: string | null;
  /** Name of the model. */
  readonly generator: string | null;
  /** Absolute path of a .npy file [...code shape, 2]. */
  readonly codeRange: string | null;
  /** Absolute path of a .npy file [classes, ...input shape]. */
  readonly classMeans: string | null;
}

/** A folder with a manifest: a model, or why it is none. */
export type RegistryEntry = { readonly state: 'registered'; readonly model: RegisteredModel } | FailedEntry;

/** A folder with a manifest that is no model. */
export interface FailedEntry {
  readonly state: 'failed';
  /** From the manifest if it could be read that far, else the folder's name. */
  readonly name: string;
  readonly version: string | null;
  /** For the operator and for clients: holds no absolute path. */
  readonly reason: string;
}

/** Which folders hold models. */
export interface RegistryOptions {
  /** The models that are shipped. */
  readonly zooDir: string;
  /** The user's own. */
  readonly modelsDir: string | null;
  /** Only the models of this name. Default: all. */
  readonly name?: string;
}
