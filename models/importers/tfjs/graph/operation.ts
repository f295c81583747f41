import type { DraftBuilder } from '../../canonical/draft.ts';
import type { LayerWeights } from '../weights.ts';
import type { GraphNode } from './graphDef.ts';
import type { Constant, GraphValue } from './values.ts';

/** What the readers of single nodes work on. */
export interface GraphBuilding {
  readonly draft: DraftBuilder;
  readonly weights: LayerWeights;
  /** Whether images come into the model as [H, W, C], and not as [C, H, W]. */
  readonly channelsLast: boolean;
}

/** Builds one node: its output, or a list of several. @throws ImportFault */
export type Operation = (
  node: GraphNode,
  inputs: readonly GraphValue[],
  building: GraphBuilding,
) => GraphValue | readonly GraphValue[];

/** Computes one node whose inputs are all known. @throws ImportFault */
export type Folding = (node: GraphNode, inputs: readonly Constant[]) => Constant | readonly Constant[];
