import type { Rule, RuleName } from '../../../schemas/rules.ts';
import type { Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import type { LinearMap } from '../layers/linearMap.ts';
import type { Flow } from './flow.ts';

/** A linear layer in the forward pass. */
export interface ForwardContext {
  readonly g: GraphBuilder;
  /** The layer's input. */
  readonly x: Value;
  readonly weight: Value;
  /** [out]; null when the layer has none. */
  readonly bias: Value | null;
  /** Axis of the weights that meets the channels of x; null for a layer in groups, whose channels meet only some. */
  readonly inputAxis: number | null;
  /** The layer with other weights. */
  map(weight: Value): LinearMap;
  /** A vector [out] as [1, out] or [1, out, 1, 1], to meet z. */
  perOutput(vector: Value): Value;
}

/** A linear layer during relevance propagation, as its rule sees it. */
export interface LinearContext extends ForwardContext {
  /** The layer's output before its activation function, bias included. */
  readonly z: Value;
  /** Relevance of the output. */
  readonly arriving: Value;
  /** A number of the rule that requests choose freely, per batch item, to meet z; null where it is structurally 0. */
  parameter(name: string): Value | null;
  /** The box l ≤ x ≤ h of the layer's input, broadcast to its shape. */
  box(): { readonly low: Value; readonly high: Value };
}

/** Numbers of a rule that do not change the graph: inputs of it, one or several values each. */
export type RuleParameters = Readonly<Record<string, readonly number[]>>;

/** How a rule distributes the relevance of a linear layer. One file each, no rule knows an engine. */
export interface LinearRule<Name extends RuleName> {
  /** The layer's output out of what the rule computes anyway; without it, the layer computes its own. */
  output?(context: ForwardContext, rule: Extract<Rule, { name: Name }>): Value | null;
  /** What requests may choose freely without another graph. A number that is 0 is left out: it changes the graph. */
  parameters(rule: Extract<Rule, { name: Name }>): RuleParameters;
  flows(context: LinearContext, rule: Extract<Rule, { name: Name }>): readonly Flow[];
}

/** The parameters among these that are not 0. */
export function nonZero(parameters: Readonly<Record<string, number>>): RuleParameters {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, value]) => (value === 0 ? [] : [[name, [value]]])),
  );
}
