import { isSameShape } from '../../shapes.ts';
import type { Shape } from '../../tensors/tensor.ts';
import { ImportFault } from '../faults.ts';
import { broadcastShape } from './folding/strided.ts';
import {
  type Building,
  computedAt,
  constantAt,
  fullShape,
  integersOf,
  type NodeReader,
  type OnnxNode,
  reading,
} from './node.ts';
import { flattenedShape, resolvedShape, squeezedShape, unsqueezedShape } from './targetShapes.ts';
import { axisOf, type Computed, show } from './values.ts';

/** A node that reads its input as another shape, whose first axis must stay the batch. */
function reshaping(target: (node: OnnxNode, shape: Shape, building: Building) => Shape): NodeReader {
  return reading((node, building) => {
    const value = computedAt(node, 0);
    const [batch, ...shape] = target(node, fullShape(value, building), building);
    if (batch !== building.batch) {
      throw new ImportFault(
        `makes ${show([batch ?? 0, ...shape])} of [N, ${value.shape.join(', ')}]; the first axis must stay the batch`,
      );
    }
    return isSameShape(shape, value.shape) ? value : building.layers.reshape(node.name, value, shape);
  });
}

const transpose: NodeReader = reading((node, { layers }) => {
  const value = computedAt(node, 0);
  const rank = value.shape.length + 1;
  const order = node.attributes.ints('perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const axes = order.map((axis) => axisOf(axis, rank));
  if (axes.length !== rank || new Set(axes).size !== rank)
    throw new ImportFault(`${show(order)} is no order of ${rank} axes`);
  if (axes[0] !== 0) throw new ImportFault(`the order ${show(order)} moves the batch`);
  return layers.permute(
    node.name,
    value,
    axes.slice(1).map((axis) => axis - 1),
  );
});

/** Axes of one place go; without a list all of them, except the batch. */
function squeezed(node: OnnxNode, shape: Shape, { freeBatch }: Building): Shape {
  const axes = integersOf(node, 'axes', 1) ?? null;
  if (axes !== null) return squeezedShape(axes, shape);
  if (!freeBatch) throw new ImportFault('drops all axes of one place, and with them the fixed batch; give it axes');
  return [...shape.slice(0, 1), ...squeezedShape(null, shape.slice(1))];
}

/** Only an expansion that changes nothing. */
const expand: NodeReader = reading((node, building) => {
  const value = computedAt(node, 0);
  const shape = fullShape(value, building);
  const target = [...constantAt(node, 1, 'shape').data];
  if (!isSameShape(broadcastShape(shape, target), shape)) throw new ImportFault('repeats a computed value');
  return value;
});

/** Zeros around. Amounts and axes are attributes before operator set 11 (axes 18), then inputs. */
const pad: NodeReader = reading((node, { layers }) => {
  const { name, attributes } = node;
  const value = computedAt(node, 0);
  const mode = attributes.text('mode') ?? 'constant';
  if (mode !== 'constant') throw new ImportFault(`pads with the mode ${mode}; only constant zeros are supported`);
  const filler = node.inputs[2] ? (constantAt(node, 2, 'value').data[0] ?? 0) : (attributes.float('value') ?? 0);
  if (filler !== 0) throw new ImportFault(`pads with ${filler}; only zeros are supported`);
  const amounts = integersOf(node, 'pads', 1) ?? [];
  const padding = paddingOf(value, amounts, integersOf({ ...node, attributes }, 'axes', 3));
  if (padding.every(([before, after]) => before === 0 && after === 0)) return value;
  const entries = value.signal ? [...padding.slice(0, 1), NOTHING, ...padding.slice(1)] : padding;
  return layers.derived(value, layers.add({ type: 'pad', name, inputs: [value.index], padding: entries }));
});

const NOTHING = [0, 0] as const;

function paddingOf(
  value: Computed,
  amounts: readonly number[],
  stated: readonly number[] | undefined,
): readonly (readonly [number, number])[] {
  const rank = value.shape.length + 1;
  const axes = stated ?? Array.from({ length: rank }, (_, axis) => axis);
  if (amounts.length !== 2 * axes.length)
    throw new ImportFault(`has ${amounts.length} amounts for ${axes.length} axes`);
  if (amounts.some((cells) => cells < 0)) throw new ImportFault(`its pads ${show(amounts)} cut cells off`);
  const padding = Array.from({ length: rank }, (): [number, number] => [0, 0]);
  for (const [place, axis] of axes.entries()) {
    padding[axisOf(axis, rank)] = [amounts[place] ?? 0, amounts[place + axes.length] ?? 0];
  }
  const [batch = NOTHING, ...inner] = padding;
  if (batch.some((cells) => cells > 0)) throw new ImportFault('pads the batch');
  return inner;
}

export const SHAPING_READERS: Readonly<Record<string, NodeReader>> = {
  Reshape: reshaping((node, shape) => {
    const target = integersOf(node, 'shape', 1) ?? [];
    return resolvedShape(target, shape, node.attributes.int('allowzero') === 1);
  }),
  Flatten: reshaping(({ attributes }, shape) => flattenedShape(attributes.int('axis') ?? 1, shape)),
  Squeeze: reshaping(squeezed),
  Unsqueeze: reshaping((node, shape) => unsqueezedShape(integersOf(node, 'axes', 1) ?? [], shape)),
  Transpose: transpose,
  Expand: expand,
  Pad: pad,
};
