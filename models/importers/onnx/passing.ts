import { sizeOf } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { shapeConstant } from './folding/shaping.ts';
import { type Building, computedAt, fullShape, type NodeReader, type OnnxNode, reading } from './node.ts';
import { kindOf, typeName } from './tensors.ts';
import { integers, type OnnxValue } from './values.ts';

/** Only in training a dropout drops anything; its mask is not computed. */
function dropout(node: OnnxNode): OnnxValue {
  node.attributes.ignore('ratio', 'seed', 'is_test');
  const mode = node.inputs[2];
  if (mode && (mode.kind === 'computed' || mode.data[0] !== 0)) throw new ImportFault('is exported for training');
  return computedAt(node, 0);
}

/** Floats of all widths are the same here. */
function cast(node: OnnxNode): OnnxValue {
  const to = node.attributes.int('to') ?? 0;
  node.attributes.ignore('saturate', 'round_mode');
  if (kindOf(to) !== 'float') throw new ImportFault(`casts a computed value to the type ${typeName(to)}`);
  return computedAt(node, 0);
}

function castLike(node: OnnxNode): OnnxValue {
  node.attributes.ignore('saturate', 'round_mode');
  const like = node.inputs[1];
  if (like?.kind === 'constant' && like.type !== 'float')
    throw new ImportFault(`casts a computed value to ${like.type}`);
  return computedAt(node, 0);
}

/** What hands its input on, and what only asks for its shape. */
export const PASSING_READERS: Readonly<Record<string, NodeReader>> = {
  Identity: reading((node) => computedAt(node, 0)),
  Dropout: reading(dropout),
  Cast: reading(cast),
  CastLike: reading(castLike),
  Shape: reading((node, building) => shapeConstant(fullShape(computedAt(node, 0), building), node)),
  Size: reading((node, building: Building) => integers([sizeOf(fullShape(computedAt(node, 0), building))], [])),
};
