import type { CaffeLayer } from '../../models/importers/caffe/net.ts';
import type { Values } from './values.ts';

/** A layer with its blobs in float64; shapes have the batch, one item, as their first axis, as in Caffe. */
export interface ReferenceLayer {
  readonly layer: CaffeLayer;
  readonly blobs: readonly Values[];
}

/** A field of a layer's parameters. */
export function field(layer: CaffeLayer, message: string, name: string, otherwise: number): number {
  const value = layer.parameters[message]?.[name];
  return typeof value === 'number' ? value : otherwise;
}

/** A field that may occur several times. */
export function numbers(layer: CaffeLayer, message: string, name: string): readonly number[] {
  const value = layer.parameters[message]?.[name];
  return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(Number);
}
