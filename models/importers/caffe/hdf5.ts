import { ImportFault, importError, quoted } from '../faults.ts';
import { checkCount, checkedBlob } from './blob.ts';
import { float32Of, float64Of } from './floats.ts';
import { type Hdf5Dataset, Hdf5File } from './hdf5File.ts';
import type { CaffeBlob, CaffeWeights } from './net.ts';

/** Where Caffe's snapshots keep the blobs: `data/<layer>/<index>`. */
const ROOT = '/data';

/** Bounds of a snapshot's tree; slashes in a layer's name are levels of it. */
const MAX_DEPTH = 32;
const MAX_OBJECTS = 50_000;

/** A layer's datasets, by the index of the blob. */
type Snapshot = Map<string, Map<number, Hdf5Dataset>>;

/**
 * Reads the blobs of Caffe's HDF5 snapshot, float32 or float64.
 * @throws ElucidError `model-failed`
 */
export async function readHdf5(bytes: Uint8Array): Promise<CaffeWeights> {
  try {
    return await Hdf5File.with(bytes, (file) => readSnapshot(file, bytes.length));
  } catch (error) {
    throw error instanceof ImportFault ? importError(`the HDF5 file ${error.message}`) : error;
  }
}

function readSnapshot(file: Hdf5File, fileBytes: number): CaffeWeights {
  const snapshot: Snapshot = new Map();
  collect(file, [], snapshot, { objects: 0 });
  checkSize(snapshot, fileBytes);
  return new Map(Array.from(snapshot, ([layer, datasets]) => [layer, readLayer(file, layer, datasets)]));
}

function collect(file: Hdf5File, path: readonly string[], snapshot: Snapshot, seen: { objects: number }): void {
  if (path.length > MAX_DEPTH) throw new ImportFault(`nests its groups more than ${MAX_DEPTH} deep`);
  const layer = path.join('/');
  for (const name of file.names([ROOT, ...path].join('/'))) {
    seen.objects += 1;
    if (seen.objects > MAX_OBJECTS) throw new ImportFault(`holds more than ${MAX_OBJECTS} groups and datasets`);
    const found = file.at([ROOT, ...path, name].join('/'));
    if (found === 'group') collect(file, [...path, name], snapshot, seen);
    else if (path.length > 0 && /^\d{1,4}$/.test(name)) datasetsOf(snapshot, layer).set(Number(name), found);
    else
      throw new ImportFault(`holds the dataset ${quoted([ROOT, ...path, name].join('/'))}, expected data/LAYER/INDEX`);
  }
}

function datasetsOf(snapshot: Snapshot, layer: string): Map<number, Hdf5Dataset> {
  const datasets = snapshot.get(layer) ?? new Map<number, Hdf5Dataset>();
  snapshot.set(layer, datasets);
  return datasets;
}

/** Caffe does not compress: what states more values than the file has bytes for is refused before anything is read. */
function checkSize(snapshot: Snapshot, fileBytes: number): void {
  const datasets = [...snapshot.values()].flatMap((layer) => [...layer.values()]);
  const stated = datasets.reduce((sum, { bytes }) => sum + bytes, 0);
  if (stated > fileBytes) {
    throw new ImportFault(
      `states ${stated} bytes of values, but has ${fileBytes} bytes; compressed files are not read`,
    );
  }
}

function readLayer(file: Hdf5File, layer: string, datasets: ReadonlyMap<number, Hdf5Dataset>): readonly CaffeBlob[] {
  return Array.from(datasets.keys(), (_, index) => {
    const dataset = datasets.get(index);
    if (dataset === undefined) {
      const held = [...datasets.keys()].join(', ');
      throw new ImportFault(`holds the blobs ${held} of ${quoted(layer)}, expected 0 to ${datasets.size - 1}`);
    }
    try {
      return readBlob(file, dataset);
    } catch (error) {
      if (!(error instanceof ImportFault)) throw error;
      throw new ImportFault(`cannot be read: blob ${index} of the layer ${quoted(layer)} ${error.message}`);
    }
  });
}

function readBlob(file: Hdf5File, dataset: Hdf5Dataset): CaffeBlob {
  const { shape, width, bytes } = dataset;
  if (width === null) throw new ImportFault('is not of float32 or float64');
  checkCount(shape, bytes / width);
  const stored = file.read(dataset);
  return checkedBlob(shape, false, width === 4 ? float32Of(stored) : float64Of(stored));
}
