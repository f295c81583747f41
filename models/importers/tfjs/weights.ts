import { posix } from 'node:path';
import { z } from 'zod';
import { isSameShape } from '../../shapes.ts';
import { allFinite } from '../../tensors/finite.ts';
import { type Shape, sizeOf } from '../../tensors/tensor.ts';
import { ImportFault, importError, quoted } from '../faults.ts';
import type { SourceFile } from '../importer.ts';
import { parsed } from './topology.ts';

/** Bytes of one value as it is stored. */
const VALUE_BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  uint32: 4,
  float16: 2,
  uint16: 2,
  uint8: 1,
  bool: 1,
};

const MAX_WEIGHTS = 20_000;

const weightSchema = z.object({
  name: z.string().min(1).max(1024),
  shape: z.array(z.int().nonnegative()).max(8),
  dtype: z.string().max(64),
  quantization: z.object({ dtype: z.string().max(64) }).optional(),
});
const manifestSchema = z
  .array(z.object({ paths: z.array(z.string()).min(1).max(4096), weights: z.array(weightSchema) }))
  .refine(
    (groups) => groups.reduce((sum, { weights }) => sum + weights.length, 0) <= MAX_WEIGHTS,
    'has too many weights',
  );

type WeightSpec = z.output<typeof weightSchema>;

interface Placed {
  readonly spec: WeightSpec;
  readonly group: Uint8Array;
  readonly begin: number;
}

/** The weights of a model, by the names that its manifest gives them. */
export class LayerWeights {
  private readonly weights: ReadonlyMap<string, Placed>;
  private readonly renamed: ReadonlyMap<string, string>;

  constructor(weights: ReadonlyMap<string, Placed>, renamed: ReadonlyMap<string, string> = new Map()) {
    this.weights = weights;
    this.renamed = renamed;
  }

  /** The same weights, some to be found by other names than their own. */
  renamedBy(names: (known: Iterable<string>) => ReadonlyMap<string, string>): LayerWeights {
    return new LayerWeights(this.weights, names(this.weights.keys()));
  }

  /**
   * The values of a layer's parameter.
   * @throws ImportFault when it is missing, of another shape or type, or not finite.
   */
  read(layer: string, parameter: string, shape: Shape): Float32Array {
    const placed = this.find(layer, parameter);
    const values = floatsOf(placed, parameter);
    if (!isSameShape(placed.spec.shape, shape)) {
      throw new ImportFault(
        `its ${parameter} has the shape [${placed.spec.shape.join(', ')}], expected [${shape.join(', ')}]`,
      );
    }
    return values;
  }

  /**
   * A constant of a graph, whatever its shape: float32 (a view of the file where that is possible, not to be written to),
   * int32 and bool as float64.
   * @throws ImportFault when it is missing, of another type, or not finite.
   */
  constant(name: string): { readonly shape: Shape; readonly data: Float32Array | Float64Array } {
    const placed = this.weights.get(name);
    if (placed === undefined) throw new ImportFault('its value is missing in the weights');
    const { shape, dtype, quantization } = placed.spec;
    const isWhole = quantization === undefined && (dtype === 'int32' || dtype === 'bool');
    if (!isWhole) return { shape, data: floatsOf(placed, 'value', true) };
    const bytes = bytesOf(placed);
    return { shape, data: Float64Array.from(dtype === 'int32' ? new Int32Array(bytes.buffer) : bytes) };
  }

  /** Converters write `layer/parameter`, with the names of enclosing models before it. */
  private find(layer: string, parameter: string): Placed {
    const wanted = this.renamed.get(`${layer}/${parameter}`) ?? `${layer}/${parameter}`;
    const exact = this.weights.get(wanted);
    if (exact !== undefined) return exact;
    const nested = [...this.weights.keys()].filter((name) => name.endsWith(`/${wanted}`));
    const found = this.weights.get(nested[0] ?? '');
    if (found !== undefined && nested.length === 1) return found;
    throw new ImportFault(
      nested.length === 0 ? `its ${parameter} is missing in the weights` : `has ${nested.length} weights ${parameter}`,
    );
  }
}

function floatsOf(placed: Placed, parameter: string, asView = false): Float32Array {
  const { dtype, quantization } = placed.spec;
  if (quantization !== undefined) {
    throw new ImportFault(`its ${parameter} is quantised to ${quoted(quantization.dtype)}; only float32 is read`);
  }
  if (dtype !== 'float32') {
    throw new ImportFault(`its ${parameter} has the type ${quoted(dtype)}; only float32 is read`);
  }
  const values = (asView ? viewOf(placed) : null) ?? new Float32Array(bytesOf(placed).buffer);
  if (!allFinite(values)) throw new ImportFault(`its ${parameter} holds values that are not finite`);
  return values;
}

/** A weight where it lies in its file; null where that is not aligned. */
function viewOf({ spec, group, begin }: Placed): Float32Array | null {
  const offset = group.byteOffset + begin;
  return offset % Float32Array.BYTES_PER_ELEMENT === 0
    ? new Float32Array(group.buffer, offset, sizeOf(spec.shape))
    : null;
}

/** A copy of a weight's bytes, in a buffer of its own. */
function bytesOf({ spec, group, begin }: Placed): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeOf(spec.shape) * (VALUE_BYTES[spec.dtype] ?? 0));
  bytes.set(group.subarray(begin, begin + bytes.byteLength));
  return bytes;
}

/**
 * Reads the shards that `weightsManifest` of model.json lists, after checking that they are as long as it says.
 * @param folder where model.json lies in the model's folder; its paths start there
 * @throws ElucidError `model-failed`
 */
export async function readWeights(
  manifest: unknown,
  files: readonly SourceFile[],
  folder: string,
): Promise<LayerWeights> {
  const groups = parsed(manifestSchema, manifest, 'weightsManifest');
  const byName = new Map(files.map((file) => [file.name, file]));
  const placed = new Map<string, Placed>();
  const taken = new Set<SourceFile>();
  for (const { paths, weights } of groups) {
    const shards = paths.map((path) => shardOf(posix.join(folder, path), byName, taken));
    const offsets = offsetsOf(weights);
    checkLength(offsets.at(-1) ?? 0, shards);
    const group = await readAll(shards);
    for (const [index, spec] of weights.entries()) {
      const name = spec.name.replace(/:0$/, '');
      if (placed.has(name)) throw importError(`two weights are named ${quoted(name)}`);
      placed.set(name, { spec, group, begin: offsets[index] ?? 0 });
    }
  }
  return new LayerWeights(placed);
}

function shardOf(path: string, files: ReadonlyMap<string, SourceFile>, taken: Set<SourceFile>): SourceFile {
  const file = files.get(path);
  if (file === undefined) {
    throw importError(`model.json names the weights file ${quoted(path)}, which the manifest does not list`);
  }
  if (taken.has(file)) throw importError(`model.json names the weights file ${quoted(path)} twice`);
  taken.add(file);
  return file;
}

/** Where each weight begins in its group, and as the last entry where the group ends. */
function offsetsOf(weights: readonly WeightSpec[]): readonly number[] {
  const offsets = [0];
  for (const { name, shape, dtype, quantization } of weights) {
    const stored = quantization?.dtype ?? dtype;
    const width = Object.hasOwn(VALUE_BYTES, stored) ? VALUE_BYTES[stored] : undefined;
    if (width === undefined) throw importError(`the weight ${quoted(name)} has the unknown type ${quoted(stored)}`);
    offsets.push((offsets.at(-1) ?? 0) + width * sizeOf(shape));
  }
  return offsets;
}

function checkLength(expected: number, shards: readonly SourceFile[]): void {
  const actual = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  if (actual !== expected) {
    const names = shards.map((shard) => quoted(shard.name)).join(', ');
    throw importError(`${names}: ${actual} bytes, but model.json describes ${expected} bytes of weights`);
  }
}

async function readAll(shards: readonly SourceFile[]): Promise<Uint8Array> {
  const [only] = shards;
  if (only !== undefined && shards.length === 1) return only.read();
  const whole = new Uint8Array(shards.reduce((sum, shard) => sum + shard.bytes, 0));
  let begin = 0;
  for (const shard of shards) {
    whole.set(await shard.read(), begin);
    begin += shard.bytes;
  }
  return whole;
}
