import { type Shape, sizeOf } from '../../../tensors/tensor.ts';
import { ImportFault } from '../../faults.ts';
import type { Attributes } from '../attributes.ts';
import { type Constant, show } from '../values.ts';

/** A node whose inputs are all constant. */
export interface ConstantNode {
  readonly type: string;
  readonly opset: number;
  readonly inputs: readonly (Constant | null)[];
  readonly attributes: Attributes;
  /** How many values the node may still make. */
  readonly budget: Budget;
}

const MAX_RANK = 16;

/** Computes a node. @throws ImportFault */
export type Folder = (node: ConstantNode) => Constant;

/** Bounds what the folding of one file can make. */
export class Budget {
  private left: number;

  constructor(values: number) {
    this.left = values;
  }

  /** A shape whose values are about to be made. @throws ImportFault when there are too many. */
  spend(shape: Shape): Shape {
    const count = sizeOf(shape);
    const isShape = shape.length <= MAX_RANK && shape.every((side) => Number.isSafeInteger(side) && side >= 0);
    if (!isShape || !(count <= this.left)) {
      throw new ImportFault(`would make a constant of shape ${show(shape)}, more than the file's own values allow`);
    }
    this.left -= count;
    return shape;
  }
}

/** An input. @throws ImportFault when it is left out. */
export function given({ inputs }: ConstantNode, position: number): Constant {
  const value = inputs[position];
  if (!value) throw new ImportFault(`its input ${position + 1} is missing`);
  return value;
}

/** Integers, as an attribute or an input. */
export function listOf(node: ConstantNode, attribute: string, position: number): readonly number[] | undefined {
  const attributes = node.attributes.ints(attribute);
  const input = node.inputs[position];
  return input ? [...input.data] : attributes;
}
