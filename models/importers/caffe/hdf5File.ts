import type { Shape } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';

/** A dataset of a file, not read yet. */
export interface Hdf5Dataset {
  readonly path: string;
  readonly shape: Shape;
  /** Bytes of one value, for float32 and float64; null for other types. */
  readonly width: 4 | 8 | null;
  /** Bytes of all values. */
  readonly bytes: number;
}

/** libhdf5, compiled to WebAssembly. */
type Library = Awaited<typeof import('h5wasm')['ready']>;

/** Part of Emscripten's file system that the package's types leave out. */
interface OpenStreams {
  getStream(descriptor: number): ReturnType<Library['FS']['open']> | null;
}

/** Files are opened and closed within one turn of the event loop, so that one name is enough. */
const NAME = 'weights.h5';
const STANDARD_ERROR = 2;

/** An HDF5 file in memory. */
export class Hdf5File {
  private readonly library: Library;
  private readonly id: bigint;

  private constructor(library: Library, id: bigint) {
    this.library = library;
    this.id = id;
  }

  /**
   * Opens bytes, hands the file to `use`, and closes it. libhdf5 is loaded with the first file. Whatever a hostile file does
   * to it stays within its own memory; it sees no file but this one, so that links to other files lead nowhere.
   * @throws ImportFault when the bytes are not HDF5, or `use` does
   */
  static async with<T>(bytes: Uint8Array, use: (file: Hdf5File) => T): Promise<T> {
    const { ready } = await import('h5wasm');
    const library = await ready;
    silence(library);
    library.FS.createDataFile('/', NAME, bytes, true, false, true);
    try {
      const id = library.open(`/${NAME}`, library.H5F_ACC_RDONLY);
      if (id < 0n) throw new ImportFault('is damaged or cut short: it cannot be opened');
      try {
        return use(new Hdf5File(library, id));
      } finally {
        library.close_file(id);
      }
    } finally {
      library.FS.unlink(`/${NAME}`);
    }
  }

  /** Names in a group. @throws ImportFault */
  names(group: string): readonly string[] {
    return this.intact(group, () => this.library.get_names(this.id, group, false));
  }

  /** What lies at a path. @throws ImportFault when it is neither a group nor a dataset */
  at(path: string): 'group' | Hdf5Dataset {
    const type = this.intact(path, () => this.library.get_type(this.id, path));
    if (type === this.library.H5G_GROUP) return 'group';
    if (type !== this.library.H5G_DATASET)
      throw new ImportFault(`holds ${path}, which is neither a group nor a dataset`);
    const {
      type: kind,
      shape,
      size,
      total_size,
      vlen,
    } = this.intact(path, () => this.library.get_dataset_metadata(this.id, path));
    const isFloat = kind === this.library.H5T_class_t.H5T_FLOAT.value && !vlen;
    const width = isFloat && (size === 4 || size === 8) ? size : null;
    return { path, shape: shape ?? [0], width, bytes: size * total_size };
  }

  /** The values of a dataset, little-endian. @throws ImportFault */
  read({ path, bytes }: Hdf5Dataset): Uint8Array {
    const { library, id } = this;
    const place = library._malloc(bytes);
    if (place === 0) throw new ImportFault(`needs ${bytes} bytes for ${path}, more than there are`);
    try {
      const status = this.intact(path, () => library.get_dataset_data(id, path, null, null, null, BigInt(place)));
      if (status < 0) throw new ImportFault(`is damaged or cut short: ${path} cannot be read`);
      return library.HEAPU8.slice(place, place + bytes);
    } finally {
      library._free(place);
    }
  }

  /** Errors that the library reports say no more than that something is not as it should be; a WebAssembly.RuntimeError is a crash. */
  private intact<T>(path: string, call: () => T): T {
    try {
      return call();
    } catch (error) {
      if (!(error instanceof Error) || error.name === 'RuntimeError') throw error;
      throw new ImportFault(`is damaged or cut short: ${path} cannot be read`);
    }
  }
}

/** Keeps what libhdf5 has to say about a damaged file from our standard error. */
function silence(library: Library): void {
  const files = library.FS as Library['FS'] & OpenStreams;
  const stream = files.getStream(STANDARD_ERROR);
  if (stream !== null) files.close(stream);
  files.open('/dev/null', 'w');
}
