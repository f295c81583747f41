import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { ImportFault } from '../../models/importers/faults.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { mutated, structuralPlaces } from './mutations.ts';

/** A parser of files, and files that it reads. */
export interface FuzzTarget {
  readonly name: string;
  readonly files: readonly Uint8Array[];
  readonly parse: (bytes: Uint8Array) => unknown;
}

export interface FuzzOptions {
  readonly mutations: number;
  readonly seed: number;
  /** Longest time and largest growth of array buffers that one file may cost. */
  readonly milliseconds?: number;
  readonly bytes?: number;
  /** Told before each file. */
  readonly progress?: (done: number) => void;
}

export interface FuzzReport {
  readonly accepted: number;
  readonly refused: number;
  /** What the slowest file took, in milliseconds, and the largest growth of array buffers. */
  readonly slowest: number;
  readonly largest: number;
}

/** A mutated file that was neither read nor refused as it should be. */
export class FuzzFault extends Error {
  readonly file: Uint8Array;

  constructor(target: string, mutation: number, reason: string, file: Uint8Array, cause?: unknown) {
    super(`${target}, mutation ${mutation} (${file.length} bytes): ${reason}`, { cause });
    this.file = file;
  }
}

/**
 * Parses mutations of a target's files. Every one has to be read, or be refused by an ElucidError `model-failed` or an
 * ImportFault, in bounded time and memory. The same seed makes the same files.
 * @throws FuzzFault for the first that is not
 */
export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzReport> {
  const { mutations, seed, milliseconds = 10_000, bytes = 256 * 2 ** 20, progress } = options;
  const random = xoroshiro128plus(seed);
  const sources = target.files.map((file) => ({ file, places: structuralPlaces(file) }));
  let [accepted, slowest, largest] = [0, 0, 0];
  for (let index = 0; index < mutations; index += 1) {
    progress?.(index);
    const source = sources[index % sources.length];
    const donor = sources[(index + 1) % sources.length];
    if (source === undefined || donor === undefined) throw new Error(`there are no files for ${target.name}`);
    const file = mutated(source.file, donor.file, source.places, random);
    const before = process.memoryUsage().arrayBuffers;
    const began = performance.now();
    if (await isRead(target, index, file)) accepted += 1;
    const took = performance.now() - began;
    const grown = process.memoryUsage().arrayBuffers - before;
    if (took > milliseconds) throw new FuzzFault(target.name, index, `took ${Math.round(took)} ms`, file);
    if (grown > bytes) throw new FuzzFault(target.name, index, `took ${grown} bytes of memory`, file);
    slowest = Math.max(slowest, took);
    largest = Math.max(largest, grown);
  }
  return { accepted, refused: mutations - accepted, slowest, largest };
}

async function isRead({ name, parse }: FuzzTarget, index: number, file: Uint8Array): Promise<boolean> {
  try {
    await parse(file);
    return true;
  } catch (error) {
    const isRefusal = error instanceof ImportFault || (error instanceof ElucidError && error.code === 'model-failed');
    if (isRefusal) return false;
    throw new FuzzFault(name, index, `threw ${String(error)}`, file, error);
  }
}
