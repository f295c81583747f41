import type { Shape } from '../../../models/tensors/tensor.ts';
import type { ConvAttributes, Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import { INPUTS } from './labels.ts';

/** A shift of pictures as a map and its transpose. */
export interface Shift {
  apply(x: Value): Value;
  transpose(r: Value): Value;
}

/**
 * Shifts pictures by up to `reach` pixels each way, zeros coming in at the border: two convolutions, down and to the
 * right, with kernels that hold a single 1 and are inputs of the graph.
 * @param shape of the picture, [C, H, W]
 */
export function shiftBy(g: GraphBuilder, [channels = 0, height = 0, width = 0]: Shape, reach: number): Shift {
  const side = 2 * reach + 1;
  const down = g.input(INPUTS.shiftDown, [channels, 1, side, 1]);
  const right = g.input(INPUTS.shiftRight, [channels, 1, 1, side]);
  const geometry = { stride: [1, 1], dilation: [1, 1], groups: channels } as const;
  const vertical: ConvAttributes = { ...geometry, padding: [reach, 0, reach, 0] };
  const horizontal: ConvAttributes = { ...geometry, padding: [0, reach, 0, reach] };
  return {
    apply: (x) => g.conv2d(g.conv2d(x, down, null, vertical), right, null, horizontal),
    transpose: (r) =>
      g.conv2dTranspose(g.conv2dTranspose(r, right, horizontal, [height, width]), down, vertical, [height, width]),
  };
}
