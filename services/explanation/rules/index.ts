import type { Rule } from '../../../schemas/rules.ts';
import type { Value } from '../../engine/graph.ts';
import { alphaBeta } from './alphaBeta.ts';
import { epsilon } from './epsilon.ts';
import { flat } from './flat.ts';
import type { Flow } from './flow.ts';
import { gamma } from './gamma.ts';
import type { ForwardContext, LinearContext, LinearRule, RuleParameters } from './linearRule.ts';
import { nonZero } from './linearRule.ts';
import { wSquare } from './wSquare.ts';
import { zBox } from './zBox.ts';
import { zPlus } from './zPlus.ts';

type LinearRuleName = 'epsilon' | 'z-plus' | 'alpha-beta' | 'gamma' | 'z-box' | 'w-square' | 'flat';
export type RuleForLinear = Extract<Rule, { name: LinearRuleName }>;

/** All rules for linear layers; a new one is one file and one line here. */
const LINEAR_RULES: { readonly [Name in LinearRuleName]: LinearRule<Name> } = {
  epsilon,
  'z-plus': zPlus,
  'alpha-beta': alphaBeta,
  gamma,
  'z-box': zBox,
  'w-square': wSquare,
  flat,
};

export function isForLinear(rule: Rule): rule is RuleForLinear {
  return Object.hasOwn(LINEAR_RULES, rule.name);
}

/** The flows of a linear layer under a rule. */
export function flowsOf(context: LinearContext, rule: RuleForLinear): readonly Flow[] {
  const definition = LINEAR_RULES[rule.name] as LinearRule<LinearRuleName>;
  return definition.flows(context, rule);
}

/** The output of a linear layer out of what its rule computes anyway; null when the layer computes its own. */
export function outputOf(context: ForwardContext, rule: RuleForLinear): Value | null {
  const definition = LINEAR_RULES[rule.name] as LinearRule<LinearRuleName>;
  return definition.output?.(context, rule) ?? null;
}

/** The numbers of any rule that do not change the graph. */
export function parametersOf(rule: Rule): RuleParameters {
  if (isForLinear(rule)) return (LINEAR_RULES[rule.name] as LinearRule<LinearRuleName>).parameters(rule);
  const divides = rule.name === 'norm' || (rule.name === 'winner-take-all' && rule.ties === 'average');
  return divides ? nonZero({ stabiliser: rule.stabiliser }) : {};
}
