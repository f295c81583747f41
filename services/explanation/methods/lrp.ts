import { layerAt, NETWORK_INPUT, type Network } from '../../../models/network.ts';
import type { Box } from '../../../models/preprocessing/pixels.ts';
import type { Composite, Rule } from '../../../schemas/rules.ts';
import { BATCH, type Graph, type Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import { tensorIdentity } from '../../engine/identity.ts';
import { rulesByLayer } from '../composites.ts';
import { explainedNetwork, openFrame, relevanceShape, routeOf, subjectKey } from '../frame.ts';
import { boundTensor, intersection } from '../inputBox.ts';
import { EXPLAIN, type Plan, type ReportLayout, runOnce, type Subject } from '../plan.ts';
import { outputsByRule, type ResolvedRule, relevancePass } from '../relevance.ts';
import { type Losses, total } from '../rules/flow.ts';
import { parametersOf } from '../rules/index.ts';
import { ParameterPool, ParameterReader } from '../rules/parameters.ts';
import type { Method } from './method.ts';

const COLUMNS = ['start', 'bias', 'stabiliser', 'dead', 'dropped'] as const;

/** What is put in at the output: w_k f_k, or w_k. */
type Start = 'score' | 'one';

/** Layer-wise relevance propagation by a composite (Bach et al. 2015). */
export const lrp: Method<'lrp'> = {
  plan: (subject, options) => planRelevance(subject, options.composite, options.start, (rule) => rule, { ...options }),
};

/** Deep Taylor decomposition as the preset of that name (Montavon et al. 2017). */
export const deepTaylor: Method<'deep-taylor'> = {
  plan: (subject, options) => {
    const { start, stabiliser } = options;
    const stabilised = (rule: Rule): Rule => ('stabiliser' in rule ? { ...rule, stabiliser } : rule);
    return planRelevance(subject, 'deep-taylor', start, stabilised, { ...options });
  },
};

function planRelevance(
  subject: Subject,
  composite: Composite,
  start: Start,
  adjust: (rule: Rule) => Rule,
  options: Readonly<Record<string, unknown>>,
): Plan {
  const { box, layer = null } = subject;
  const network = explainedNetwork(subject);
  const pool = new ParameterPool();
  const rules = rulesByLayer(network, composite, box !== null).map((chosen): ResolvedRule => {
    const rule = adjust(chosen);
    const places = Object.entries(parametersOf(rule)).map(([name, values]) => [name, pool.add(values)] as const);
    return { rule, places: Object.fromEntries(places) };
  });
  const passed = rules.slice((layer ?? NETWORK_INPUT) + 1);
  const usesBox = passed.some(({ rule, places }) => rule.name === 'z-box' && places['low'] === undefined);
  const structure = JSON.stringify(rules.map(structureOf));
  const boxKey = usesBox ? boxIdentity(subject) : '';
  return {
    key: ['lrp', subjectKey(subject), start, pool.values.length, structure, boxKey].join(' '),
    settings: '',
    options,
    parameters: pool.values,
    relevanceShape: relevanceShape(subject),
    conservation: { kind: 'report', layout: reportLayout(network, rules, layer ?? NETWORK_INPUT) },
    requiredBox: intersection(boxesOf(passed, box), network.inputShape),
    rowsPerItem: 1,
    graphs: () => ({ [EXPLAIN]: buildGraph(subject, rules, start, pool.values.length) }),
    driver: runOnce,
  };
}

/** The boxes that the input must lie in: given with a rule, else the model's. */
function boxesOf(rules: readonly ResolvedRule[], own: Box | null): readonly Box[] {
  const boxes = [...new Set(rules.map(({ rule }) => rule))].map((rule): Box | null => {
    if (rule.name !== 'z-box') return null;
    const { low, high } = rule;
    return low === undefined || high === undefined ? own : { low, high };
  });
  return [...new Set(boxes)].filter((box) => box !== null);
}

/** What of a rule changes the graph: everything but its free numbers, of which only the places count. */
function structureOf({ rule, places }: ResolvedRule): unknown {
  const free = new Set(Object.keys(places));
  return [Object.entries(rule).filter(([name]) => !free.has(name)), places];
}

/** A model's box is part of the graph. */
function boxIdentity({ network, box }: Subject): string {
  const sides = box === null ? [] : [box.low, box.high];
  return sides.map((side) => tensorIdentity(boundTensor(side, network.inputShape))).join(' ');
}

function reportLayout(network: Network, rules: readonly ResolvedRule[], end: number): ReportLayout {
  const layers = layersBehind(network, end).map((index) => {
    const layer = layerAt(network, index);
    return { name: layer.name, type: layer.type, rule: rules[index]?.rule.name ?? 'pass' };
  });
  return { columns: COLUMNS, layers };
}

/** Indices above `end` of the layers that the explained output depends on, output first. */
function layersBehind({ layers, output }: Network, end: number): readonly number[] {
  const reached = new Set([output]);
  for (let index = output; index > end; index -= 1) {
    if (reached.has(index)) for (const input of layers[index]?.inputs ?? []) reached.add(input);
  }
  return [...reached].filter((index) => index > end).sort((a, b) => b - a);
}

function buildGraph(subject: Subject, rules: readonly ResolvedRule[], startWith: Start, count: number): Graph {
  const { g, forward, units, target, scores, explained } = openFrame(subject, (builder) =>
    outputsByRule(builder, rules),
  );
  const start = startWith === 'score' ? g.mul(target, units) : target;
  const losses = new LossCollector(g);
  const parameters = new ParameterReader(g, count);
  const route = routeOf(subject);
  const pass = relevancePass(g, forward, route, start, { rules, parameters, box: subject.box }, losses);
  const put = total(g, start);
  const sums = [put, ...losses.totals(g.sub(put, put)), ...pass.layers.map(({ arriving }) => total(g, arriving))];
  const columns = sums.map((value) => g.reshape(value, [BATCH, 1]));
  const relevance = pass.atEnd ?? g.mul(forward.at(route.to), g.scalar(0));
  return g.build({ relevance, scores, explained, report: g.concat(columns, 1) });
}

/** Adds up what the rules lose, by kind: one value [N] each. */
class LossCollector implements Losses {
  private readonly g: GraphBuilder;
  private readonly lost = new Map<string, Value>();

  constructor(g: GraphBuilder) {
    this.g = g;
  }

  add(kind: 'bias' | 'stabiliser' | 'dead' | 'dropped', amount: Value): void {
    const known = this.lost.get(kind);
    this.lost.set(kind, known === undefined ? amount : this.g.add(known, amount));
  }

  /** One value for each kind; `nothing` where no rule lost any. */
  totals(nothing: Value): readonly Value[] {
    return COLUMNS.slice(1).map((kind) => this.lost.get(kind) ?? nothing);
  }
}
