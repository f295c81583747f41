import type { Shape } from '../../../models/tensors/tensor.ts';
import type { Value } from '../../../services/engine/graph.ts';
import type { GraphBuilder } from '../../../services/engine/graphBuilder.ts';
import type { Distribution } from '../random.ts';

/** Makes the operands of a case: inputs of the graph, or constants. */
export interface Operands {
  /** The batch dimension of this variant: `BATCH`, or the number of items where everything is constant. */
  readonly batch: number;
  next(shape: Shape, distribution?: Distribution): Value;
}

/** A small graph around one operation. */
export interface Case {
  readonly name: string;
  readonly build: (builder: GraphBuilder, operands: Operands) => Value;
}
