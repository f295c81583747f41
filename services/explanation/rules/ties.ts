import type { MaxPool2dLayer } from '../../../models/network.ts';
import { arrayTensor, sizeOf } from '../../../models/tensors/tensor.ts';
import { BATCH, type Pair, type Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';

/** One cell of all windows at a time: reads it from an image, and writes it back. */
interface Cell {
  read(image: Value): Value;
  write(values: Value): Value;
}

/** Relevance of max pooling shared equally among the equal maxima of each window. */
export function splitAmongMaxima(g: GraphBuilder, layer: MaxPool2dLayer, x: Value, y: Value, arriving: Value): Value {
  const inside = g.constant(arrayTensor([1, ...x.shape.slice(1)], new Float32Array(sizeOf(x.shape.slice(1))).fill(1)));
  const [one, zero] = [g.scalar(1), g.scalar(0)];
  const cells = cellsOf(g, layer, x);
  const wins = cells.map(({ read }) => g.logicalAnd(g.equal(read(x), y), g.greater(read(inside), zero)));
  const counts = wins.map((win) => g.where(win, one, zero)).reduce((sum, count) => g.add(sum, count));
  const share = g.div(arriving, counts);
  return cells
    .map(({ write }, i) => write(g.where(wins[i] ?? zero, share, zero)))
    .reduce((sum, part) => g.add(sum, part));
}

function cellsOf(g: GraphBuilder, { kernel, stride, padding, shape }: MaxPool2dLayer, x: Value): readonly Cell[] {
  const [, channels = 0, height = 0, width = 0] = x.shape;
  const [top, left, bottom, right] = padding;
  const [, rows = 0, columns = 0] = shape;
  const around: readonly Pair[] = [
    [0, 0],
    [0, 0],
    [top, bottom],
    [left, right],
  ];
  // The cells that one place of the kernel meets, from the first window's to the last one's.
  const extent = [(rows - 1) * stride[0] + 1, (columns - 1) * stride[1] + 1] as const;
  const every = { kernel: [1, 1] as const, stride, padding: [0, 0, 0, 0] as const };
  const padded = [height + top + bottom, width + left + right] as const;
  return Array.from({ length: kernel[0] * kernel[1] }, (_, i): Cell => {
    const [down, over] = [Math.floor(i / kernel[1]), i % kernel[1]];
    return {
      read: (image) => {
        const [batch = BATCH] = image.shape;
        const block = g.slice(g.pad(image, around), [0, 0, down, over], [batch, channels, ...extent]);
        return g.avgPool2d(block, every);
      },
      write: (values) => {
        const block = g.avgPool2dBackward(values, every, extent);
        const placed = g.pad(block, [
          [0, 0],
          [0, 0],
          [down, padded[0] - extent[0] - down],
          [over, padded[1] - extent[1] - over],
        ]);
        return g.slice(placed, [0, 0, top, left], [BATCH, channels, height, width]);
      },
    };
  });
}
