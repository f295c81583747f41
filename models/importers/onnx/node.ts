import { allFinite } from '../../tensors/finite.ts';
import { type ArrayTensor, arrayTensor, type Shape } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import type { Attributes } from './attributes.ts';
import type { ExternalData } from './externalData.ts';
import type { Layers } from './layers.ts';
import { type Computed, type Constant, type OnnxValue, show } from './values.ts';

/** A node whose inputs are known. */
export interface OnnxNode {
  /** Of the layer that it becomes: its own, or that of its output. */
  readonly name: string;
  readonly type: string;
  /** Version of the operator set that the file is written in. */
  readonly opset: number;
  /** By position; null where an optional one is left out. */
  readonly inputs: readonly (OnnxValue | null)[];
  /** How many outputs it declares. */
  readonly outputs: number;
  readonly attributes: Attributes;
}

/** What the readers of single nodes work on. */
export interface Building {
  readonly layers: Layers;
  /** The size of the batch that the file's shapes are written for: a fixed one, else 1. Ours is free. */
  readonly batch: number;
  /** Whether the file declares the batch as free. */
  readonly freeBatch: boolean;
  readonly external: ExternalData;
}

/** Builds a node of which some input is computed: its outputs, by position. @throws ImportFault */
export type NodeReader = (node: OnnxNode, building: Building) => readonly OnnxValue[];

/** A reader for a node with one output. */
export function reading(read: (node: OnnxNode, building: Building) => OnnxValue): NodeReader {
  return (node, building) => [read(node, building)];
}

/** A computed input. @throws ImportFault when it is missing or constant. */
export function computedAt({ inputs }: OnnxNode, position: number): Computed {
  const value = inputs[position];
  if (value?.kind === 'computed') return value;
  throw new ImportFault(`its input ${position + 1} is ${value ? 'constant' : 'missing'}; it must be computed`);
}

/** All inputs, which must be computed. @throws ImportFault */
export function allComputed(node: OnnxNode): readonly Computed[] {
  return node.inputs.map((_, position) => computedAt(node, position));
}

/** A constant input; null when it is left out. @throws ImportFault when it is computed. */
export function optionalConstant({ inputs }: OnnxNode, position: number, role: string): Constant | null {
  const value = inputs[position] ?? null;
  if (value?.kind === 'computed') throw new ImportFault(`its ${role} is computed; only constants are supported`);
  return value;
}

/** A constant input. @throws ImportFault when it is missing or computed. */
export function constantAt(node: OnnxNode, position: number, role: string): Constant {
  const value = optionalConstant(node, position, role);
  if (value === null) throw new ImportFault(`its ${role} is missing`);
  return value;
}

/** Integers that older operator sets write as an attribute and newer ones as an input; undefined when left out. */
export function integersOf(node: OnnxNode, attribute: string, position: number): readonly number[] | undefined {
  const given = node.attributes.ints(attribute);
  const value = optionalConstant(node, position, attribute);
  if (value === null) return given;
  if (value.type !== 'int' || value.shape.length > 1) throw new ImportFault(`its ${attribute} must be integers`);
  return [...value.data];
}

/** A parameter: finite floats. @throws ImportFault */
export function weightsOf(value: Constant, role: string): Float32Array {
  if (!(value.data instanceof Float32Array)) throw new ImportFault(`its ${role} holds no floats`);
  if (!allFinite(value.data)) throw new ImportFault(`its ${role} holds values that are not finite`);
  return value.data;
}

/** A parameter with one value per channel. @throws ImportFault when it has another shape. */
export function vectorOf(value: Constant, length: number, role: string): ArrayTensor {
  const data = weightsOf(value, role);
  if (data.length !== length || value.shape.length !== 1) {
    throw new ImportFault(`its ${role} has the shape ${show(value.shape)}, expected [${length}]`);
  }
  return arrayTensor([length], data);
}

/** The shape of a value in the file. */
export function fullShape(value: Computed, { batch }: Building): Shape {
  return [batch, ...value.shape];
}
