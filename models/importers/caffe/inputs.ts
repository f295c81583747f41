import { z } from 'zod';
import { isSameShape } from '../../shapes.ts';
import type { Shape } from '../../tensors/tensor.ts';
import { ImportFault, importError, quoted } from '../faults.ts';
import type { CaffeLayer } from './net.ts';
import { listSchema, parsedMessage } from './reader.ts';

/** Layers that feed blobs from outside; those that read data sets give labels, too, behind the first top. */
const FEEDING: Readonly<Record<string, { readonly labels: boolean }>> = {
  Input: { labels: false },
  DummyData: { labels: false },
  Data: { labels: true },
  ImageData: { labels: true },
  HDF5Data: { labels: true },
  MemoryData: { labels: true },
  WindowData: { labels: true },
};

/** The types of the layers that feed blobs from outside. */
export const INPUT_TYPES: readonly string[] = Object.keys(FEEDING);

/** Whether a layer feeds blobs from outside. */
export function isFeeding({ type }: CaffeLayer): boolean {
  return Object.hasOwn(FEEDING, type);
}

/** Whether a top of a layer holds labels. */
export function isLabel({ type }: CaffeLayer, top: number): boolean {
  return top > 0 && Object.hasOwn(FEEDING, type) && FEEDING[type]?.labels === true;
}

const blobShape = z.object({ dim: listSchema(z.int()) });
const shapesSchema = z.object({ shape: listSchema(blobShape) });
const sidesSchema = z.object({
  batch_size: z.int().optional(),
  channels: z.int().optional(),
  height: z.int().optional(),
  width: z.int().optional(),
});

/**
 * The shape, batch included, that a feeding layer declares for a top; null when it states none.
 * @throws ElucidError `model-failed` when what it declares is no shape
 */
export function declaredShape(layer: CaffeLayer, top: number): Shape | null {
  try {
    return statedShape(layer, top);
  } catch (error) {
    if (!(error instanceof ImportFault)) throw error;
    throw importError(`${quoted(layer.name)} (${quoted(layer.type)}): ${error.message}`);
  }
}

function statedShape({ type, parameters }: CaffeLayer, top: number): Shape | null {
  if (type === 'MemoryData') {
    const message = parsedMessage('memory_data_param', sidesSchema, parameters['memory_data_param'] ?? {});
    const sides = [message.batch_size, message.channels, message.height, message.width];
    const stated = sides.filter((side) => side !== undefined);
    return stated.length === sides.length ? stated : null;
  }
  const field = type === 'Input' ? 'input_param' : 'dummy_data_param';
  const { shape } = parsedMessage(field, shapesSchema, parameters[field] ?? {});
  return (shape[shape.length === 1 ? 0 : top] ?? null)?.dim ?? null;
}

/** Refuses a manifest whose input shape is not the declared one without its batch. @throws ElucidError */
export function checkDeclared(blob: string, declared: Shape | null, stated: Shape): void {
  if (declared === null || isSameShape(declared.slice(1), stated)) return;
  const [found, wanted] = [stated, declared.slice(1)].map((shape) => `[${shape.join(', ')}]`);
  throw importError(
    `the manifest states the input shape ${found}, the net declares ${wanted} for ${quoted(blob)} (and the batch first)`,
  );
}
