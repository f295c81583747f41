import type { Network } from '../../models/network.ts';
import type { Box } from '../../models/preprocessing/pixels.ts';
import type { ArrayTensor, Shape } from '../../models/tensors/tensor.ts';
import type { NamedTensors } from '../engine/engine.ts';
import type { Graph } from '../engine/graph.ts';
import { PARAMETERS } from './rules/parameters.ts';
import { INPUT, TARGET } from './target.ts';

/** Which value of a network is explained, and where relevance is wanted: layer indices. */
export interface Focus {
  /** The layer that holds the explained unit; without it the outputs are explained. */
  readonly unit?: number | null;
  /** The layer at whose output relevance is wanted; without it, at the input. */
  readonly layer?: number | null;
}

/** What a method explains. */
export interface Subject extends Focus {
  readonly network: Network;
  /** Legal values of the input; null when the model states none. */
  readonly box: Box | null;
  /** The mean input, [...input shape], of a model that states one. */
  readonly mean?: Float32Array | null;
}

/** What one request, or a batch of them, brings to a plan. */
export interface PlanInput {
  /** [N, ...input shape] */
  readonly input: ArrayTensor;
  /** [N, width]; a row of zeros means the predicted output. */
  readonly target: ArrayTensor;
  /** [N, count]: the free numbers of each item; null when the plan has none. */
  readonly parameters: ArrayTensor | null;
}

/** One run of one of a plan's graphs. */
export interface RunRequest {
  readonly graph: string;
  readonly inputs: NamedTensors;
}

/**
 * Runs a plan's graphs and reduces what comes back. Yields what it wants to have run, is resumed with the outputs, and
 * returns `relevance`, `scores` and `explained`, and `report` when the plan has one.
 * @param maxBatch most rows of one run
 */
export type Driver = (input: PlanInput, maxBatch: number) => Generator<RunRequest, NamedTensors, NamedTensors>;

/** What the columns of the output `report`, [N, columns], hold. */
export interface ReportLayout {
  /** The first columns, in this order; then one column per layer. */
  readonly columns: readonly ['start', 'bias', 'stabiliser', 'dead', 'dropped'];
  /** Layers from the output to the input, with the rule that each passed its relevance on by. */
  readonly layers: readonly { readonly name: string; readonly type: string; readonly rule: string }[];
}

/**
 * How the relevance adds up: by a `report` of the run; to the explained score; to its `difference` from the score at a
 * reference input, which is the first column of the report; or `none`, and why not.
 */
export type ConservationKind =
  | { readonly kind: 'report'; readonly layout: ReportLayout }
  | { readonly kind: 'score' }
  | { readonly kind: 'difference' }
  | { readonly kind: 'none'; readonly note: string };

/** An explanation, planned: structure, free numbers, graphs to be compiled and how to run them. */
export interface Plan {
  /** Equal keys mean equal graphs (for one network). */
  readonly key: string;
  /** Equal keys and equal settings may run in one batch: what the driver does beside the graphs. */
  readonly settings: string;
  /** All options, resolved, as the answer reports them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The free numbers, of which the graphs know only places. */
  readonly parameters: readonly number[];
  /** Shape of the relevance, without the batch. */
  readonly relevanceShape: Shape;
  readonly conservation: ConservationKind;
  /** The input must lie in this box; null when any input will do. */
  readonly requiredBox: Box | null;
  /** Network rows that one item costs. */
  readonly rowsPerItem: number;
  /** Builds the graphs; only called when they are not compiled yet. */
  graphs(): Readonly<Record<string, Graph>>;
  readonly driver: Driver;
}

/** The name of the only graph of most plans. */
export const EXPLAIN = 'explain';

/** The driver of most methods: one run of one graph. */
export const runOnce: Driver = function* ({ input, target, parameters }) {
  const inputs = { [INPUT]: input, [TARGET]: target, ...(parameters === null ? {} : { [PARAMETERS]: parameters }) };
  return yield { graph: EXPLAIN, inputs };
};
