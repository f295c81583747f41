import { setImmediate } from 'node:timers/promises';
import type { Picture } from '../../../models/preprocessing/picture.ts';
import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import { type ArrayTensor, arrayTensor, type Shape, sizeOf } from '../../../models/tensors/tensor.ts';
import type { PrototypeReply } from '../../compute/prototype/prototypeTask.ts';
import type { PrototypeRow, ResolvedOptions } from '../../prototype/plan.ts';
import type { JobOutcome } from '../executor.ts';
import type { JobOutput } from '../store.ts';
import { inputDrawer } from './pictures.ts';

/** Prototypes that were found, with pictures of them. */
export interface StoredPrototypes {
  readonly model: { readonly name: string; readonly version: string; readonly sha256: string };
  readonly engine: string;
  readonly options: ResolvedOptions;
  readonly rows: readonly PrototypeRow[];
  readonly computeMs: number;
  /** [rows, ...input shape] */
  readonly values: ArrayTensor;
  /** One per row. */
  readonly pictures: readonly Picture[];
  /** Pictures of all rows, by the step that they show; empty where no animation was asked for. */
  readonly frames: readonly { readonly step: number; readonly pictures: readonly Picture[] }[];
}

/** What is left for JSON when values and pixels are taken out. */
interface Body extends Pick<StoredPrototypes, 'model' | 'engine' | 'options' | 'rows' | 'computeMs'> {
  readonly shape: Shape;
  readonly size: { readonly width: number; readonly height: number };
  readonly steps: readonly number[];
}

/**
 * Everything as JSON, but the values (float32, little-endian) and the pixels of the pictures and frames (R, G, B).
 * Others have their turn between two pictures.
 */
export async function packPrototypes(model: RegisteredModel, reply: PrototypeReply): Promise<JobOutcome> {
  const { engine, options, rows, computeMs, images, frames } = reply;
  const { name, version, input } = model.manifest;
  const pictures = await drawnInTurns(model, images);
  const { width = 0, height = 0 } = pictures[0] ?? {};
  const body: Body = {
    model: { name, version, sha256: model.sha256 },
    engine,
    options,
    rows,
    computeMs,
    shape: input.shape,
    size: { width, height },
    steps: frames?.steps ?? [],
  };
  return {
    body,
    blobs: {
      values: new Uint8Array(images.buffer, images.byteOffset, images.byteLength),
      pictures: joined(pictures),
      ...(frames === null ? {} : { frames: joined(await drawnInTurns(model, frames.data)) }),
    },
  };
}

/** What `packPrototypes` packed. */
export function unpackPrototypes({ body, blobs }: JobOutput): StoredPrototypes {
  const { shape, size, steps, ...rest } = JSON.parse(body) as Body;
  // A copy: floats must begin at a multiple of four.
  const { buffer } = new Uint8Array(blobs['values'] ?? new Uint8Array());
  const values = new Float32Array(buffer);
  const count = rest.rows.length;
  const frames = split(blobs['frames'], size);
  return {
    ...rest,
    values: arrayTensor([count, ...shape], values),
    pictures: split(blobs['pictures'], size),
    frames: steps.map((step, frame) => ({ step, pictures: frames.slice(frame * count, (frame + 1) * count) })),
  };
}

async function drawnInTurns(model: RegisteredModel, values: Float32Array): Promise<readonly Picture[]> {
  const draw = inputDrawer(model);
  const size = sizeOf(model.manifest.input.shape);
  const pictures: Picture[] = [];
  for (let from = 0; from < values.length; from += size) {
    pictures.push(...draw(values.subarray(from, from + size)));
    await setImmediate();
  }
  return pictures;
}

function joined(pictures: readonly Picture[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pictures.map(({ data }) => data)));
}

function split(pixels: Uint8Array | undefined, { width, height }: Body['size']): readonly Picture[] {
  if (pixels === undefined) return [];
  const bytes = 3 * width * height;
  return Array.from({ length: pixels.length / bytes }, (_, i) => {
    return { width, height, channels: 3, data: pixels.subarray(i * bytes, (i + 1) * bytes) };
  });
}
