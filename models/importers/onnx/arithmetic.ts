import { isSameShape } from '../../shapes.ts';
import { sizeOf } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { type Spread, spreadOf } from './broadcast.ts';
import type { Layers } from './layers.ts';
import { allComputed, type Building, computedAt, constantAt, type NodeReader, type OnnxNode, reading } from './node.ts';
import type { Computed, Constant } from './values.ts';

/** Σ coefficient_i x_i; all coefficients 1 when null. */
function sum(
  node: OnnxNode,
  inputs: readonly Computed[],
  coefficients: readonly number[] | null,
  layers: Layers,
): Computed {
  const { name } = node;
  const [first] = inputs;
  if (first === undefined) throw new ImportFault('adds nothing');
  const other = inputs.find(({ shape }) => !isSameShape(shape, first.shape));
  if (other !== undefined) {
    throw new ImportFault(
      `adds computed values of different shapes, [N, ${first.shape.join(', ')}] and [N, ${other.shape.join(', ')}]`,
    );
  }
  if (inputs.length === 1 && coefficients === null) return first;
  const alike = inputs.every(({ signal }) => signal === first.signal);
  const values = alike ? inputs : inputs.map((value) => layers.plain(name, value));
  const index = layers.add({ type: 'add', name, inputs: values.map((value) => value.index), coefficients });
  return { ...(values[0] ?? first), index };
}

/** scale x + offset, where one of the two is a constant of the file and the other one the same everywhere. */
function mapped(name: string, value: Computed, spread: Spread, of: Scaling, layers: Layers): Computed {
  const scale = spread.values.map((constant) => of(constant).scale);
  const offset = spread.values.map((constant) => of(constant).offset);
  if (spread.axis !== null) return layers.affine(spread.axis, name, value, { scale, offset });
  const vector = layers.reshape(`${name}/flatten`, value, [sizeOf(value.shape)]);
  const output = layers.affine(0, name, vector, { scale, offset });
  return layers.reshape(`${name}/shape`, output, value.shape);
}

/** What a constant makes of each x: scale x + offset. */
type Scaling = (constant: number) => { readonly scale: number; readonly offset: number };

interface Operation {
  /** x ∘ constant. */
  readonly right: Scaling;
  /** constant ∘ x; null where that is no affine map. */
  readonly left: Scaling | null;
  readonly both: (node: OnnxNode, building: Building) => Computed;
}

function arithmetic({ left, right, both }: Operation): NodeReader {
  return reading((node, building) => {
    if (node.inputs.length !== 2) throw new ImportFault(`takes two inputs, got ${node.inputs.length}`);
    const isLeft = node.inputs[0]?.kind === 'constant';
    const isRight = node.inputs[1]?.kind === 'constant';
    if (!isLeft && !isRight) return both(node, building);
    const scaling = isLeft ? left : right;
    if (scaling === null) throw new ImportFault('divides a constant by a computed value, which is not supported');
    const value = computedAt(node, Number(isLeft));
    const spread = spreadOf(constantAt(node, Number(isRight), 'constant'), value, 'constant');
    return mapped(node.name, value, spread, scaling, building.layers);
  });
}

function refused(what: string): Operation['both'] {
  return () => {
    throw new ImportFault(`${what}, which is not supported: relevance has no rule for it`);
  };
}

const plus: Scaling = (constant) => ({ scale: 1, offset: constant });
const times: Scaling = (constant) => ({ scale: constant, offset: 0 });

/** Sums of several values, with constants among them. */
const addAll: NodeReader = reading((node, building) => {
  const constants = node.inputs.filter((input): input is Constant => input?.kind === 'constant');
  const computed = node.inputs.filter((input): input is Computed => input?.kind === 'computed');
  const total = sum(node, computed, null, building.layers);
  return constants.reduce(
    (value, constant) =>
      mapped(`${node.name}/constant`, value, spreadOf(constant, value, 'constant'), plus, building.layers),
    total,
  );
});

const mean: NodeReader = reading((node, { layers }) =>
  sum(
    node,
    allComputed(node),
    node.inputs.map(() => 1 / node.inputs.length),
    layers,
  ),
);

export const ARITHMETIC_READERS: Readonly<Record<string, NodeReader>> = {
  Add: arithmetic({
    right: plus,
    left: plus,
    both: (node, { layers }) => sum(node, allComputed(node), null, layers),
  }),
  Sub: arithmetic({
    right: (constant) => ({ scale: 1, offset: -constant }),
    left: (constant) => ({ scale: -1, offset: constant }),
    both: (node, { layers }) => sum(node, allComputed(node), [1, -1], layers),
  }),
  Mul: arithmetic({ right: times, left: times, both: refused('multiplies two computed values') }),
  Div: arithmetic({
    right: (constant) => ({ scale: 1 / constant, offset: 0 }),
    left: null,
    both: refused('divides two computed values'),
  }),
  Neg: reading((node, { layers }) => sum(node, allComputed(node), [-1], layers)),
  Sum: addAll,
  Mean: mean,
};
