import type { ConcatLayer, CropLayer, Layer, PadLayer, PermuteLayer, ReshapeLayer } from '../../../models/network.ts';
import { BATCH, type Pair, type Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';

/** Layers that only move values: gradients and relevance follow the indices back. */
export type RoutingLayer = ConcatLayer | ReshapeLayer | PermuteLayer | PadLayer | CropLayer;

export function isRouting(layer: Layer): layer is RoutingLayer {
  return ['concat', 'reshape', 'permute', 'pad', 'crop'].includes(layer.type);
}

/** What arrives at each input of a layer that only moves values, when r arrives at its output. */
export function routeBack(g: GraphBuilder, layer: RoutingLayer, inputs: readonly Value[], r: Value): readonly Value[] {
  const shapes = inputs.map((input) => input.shape);
  const [shape = []] = shapes;
  switch (layer.type) {
    case 'concat': {
      const axis = layer.axis + 1;
      let offset = 0;
      return shapes.map((size) => {
        const begin = size.map((_, i) => (i === axis ? offset : 0));
        offset += size[axis] ?? 0;
        return g.slice(r, begin, size);
      });
    }
    case 'reshape':
      return [g.reshape(r, shape)];
    case 'permute': {
      const order = [0, ...layer.order.map((axis) => axis + 1)];
      return [
        g.transpose(
          r,
          order.map((_, axis) => order.indexOf(axis)),
        ),
      ];
    }
    case 'pad':
      return [g.slice(r, [0, ...layer.padding.map(([before]) => before)], [BATCH, ...shape.slice(1)])];
    case 'crop': {
      const around = layer.begin.map((before, axis): Pair => {
        const [whole = 0, kept = 0] = [shape[axis + 1], layer.shape[axis]];
        return [before, whole - kept - before];
      });
      return [g.pad(r, [[0, 0], ...around])];
    }
    default:
      return layer satisfies never;
  }
}
