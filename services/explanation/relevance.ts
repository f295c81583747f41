import { isLinear, type Layer, type LinearLayer, layerAt, NETWORK_INPUT, type Network } from '../../models/network.ts';
import type { Box } from '../../models/preprocessing/pixels.ts';
import type { Rule } from '../../schemas/rules.ts';
import type { Value } from '../engine/graph.ts';
import type { GraphBuilder } from '../engine/graphBuilder.ts';
import { type BoxValues, boundTensor, boxAt, broadcastBound } from './inputBox.ts';
import { perChannel } from './layers/activations.ts';
import { type BackwardStep, backwardPass, type Route } from './layers/backward.ts';
import { type ForwardPass, type OutputOf, scaled } from './layers/forward.ts';
import { averageMap, linearMap } from './layers/linearMap.ts';
import { isRouting, routeBack } from './layers/routing.ts';
import { type Flow, type Losses, normalised, propagate, total } from './rules/flow.ts';
import { flowsOf, isForLinear, outputOf, type RuleForLinear } from './rules/index.ts';
import type { ForwardContext, LinearContext } from './rules/linearRule.ts';
import { normalisationRelevance } from './rules/localResponse.ts';
import type { ParameterPlace, ParameterReader } from './rules/parameters.ts';
import { splitAmongMaxima } from './rules/ties.ts';

/** The rule of one layer, and where its free numbers are found. */
export interface ResolvedRule {
  readonly rule: Rule;
  readonly places: Readonly<Record<string, ParameterPlace>>;
}

/** Everything a relevance pass needs of a plan. */
export interface RelevanceSetting {
  readonly rules: readonly ResolvedRule[];
  readonly parameters: ParameterReader;
  /** The model's own box; null when it states none. */
  readonly box: Box | null;
}

/** Relevance at the end of the route, and arriving at each layer's output on the way. */
export interface RelevancePass {
  readonly atEnd: Value | null;
  readonly layers: readonly { readonly index: number; readonly arriving: Value }[];
}

/** Layer-wise relevance propagation along a route, every layer by its rule. */
export function relevancePass(
  g: GraphBuilder,
  forward: ForwardPass,
  route: Route,
  start: Value,
  setting: RelevanceSetting,
  losses: Losses,
): RelevancePass {
  const layers: { index: number; arriving: Value }[] = [];
  const { atEnd, around } = backwardPass(g, forward, route, start, (step) => {
    layers.push({ index: step.index, arriving: step.arriving });
    return relevanceStep(g, forward.network, step, setting, losses);
  });
  for (const value of around) losses.add('dropped', total(g, value));
  return { atEnd, layers };
}

function relevanceStep(
  g: GraphBuilder,
  network: Network,
  step: BackwardStep,
  setting: RelevanceSetting,
  losses: Losses,
): readonly Value[] {
  const { layer, inputs, arriving } = step;
  const resolved = setting.rules[step.index];
  if (resolved === undefined) throw new RangeError(`no rule for layer ${layer.name}`);
  const { rule } = resolved;
  if (isLinear(layer)) {
    if (!isForLinear(rule)) throw new RangeError(`rule ${rule.name} does not fit layer ${layer.name}`);
    return [linearRelevance(g, network, step, rule, resolved, setting, losses)];
  }
  if (isRouting(layer)) return routedRelevance(g, layer, inputs, arriving, losses);
  return otherRelevance(g, layer, step, resolved, setting, losses);
}

/** How linear layers get their outputs out of what their rules compute anyway. */
export function outputsByRule(g: GraphBuilder, rules: readonly ResolvedRule[]): OutputOf {
  return (index, layer, x) => {
    const rule = rules[index]?.rule;
    return rule !== undefined && isForLinear(rule) ? outputOf(forwardContext(g, layer, x), rule) : null;
  };
}

function forwardContext(g: GraphBuilder, layer: LinearLayer, x: Value): ForwardContext {
  const trailing = layer.shape.slice(1).map(() => 1);
  return {
    g,
    x,
    weight: g.constant(layer.weight),
    bias: layer.bias === null ? null : g.constant(layer.bias),
    inputAxis: inputAxisOf(layer),
    map: (weight) => linearMap(g, layer, weight, x.shape.slice(1)),
    perOutput: (vector) => g.reshape(vector, [1, ...vector.shape, ...trailing]),
  };
}

function inputAxisOf(layer: LinearLayer): number | null {
  if (layer.type === 'dense') return 1;
  if (layer.groups > 1) return null;
  return layer.type === 'conv2d' ? 1 : 0;
}

function linearRelevance(
  g: GraphBuilder,
  network: Network,
  { index, layer, inputs, output, arriving }: BackwardStep,
  rule: RuleForLinear,
  resolved: ResolvedRule,
  setting: RelevanceSetting,
  losses: Losses,
): Value {
  const [x] = inputs;
  if (x === undefined || !isLinear(layer)) throw new RangeError(`layer ${layer.name} has no input`);
  const context: LinearContext = {
    ...forwardContext(g, layer, x),
    z: output,
    arriving,
    parameter: (name) => parameterOf(resolved, name, setting, output),
    box: () => boxOfLayer(g, network, index, resolved, setting),
  };
  return propagate(g, flowsOf(context, rule), losses);
}

function parameterOf(resolved: ResolvedRule, name: string, setting: RelevanceSetting, like: Value): Value | null {
  const place = resolved.places[name];
  return place === undefined ? null : setting.parameters.at(place, like.shape.length);
}

/** The box of a first linear layer's input: given with the rule, else the model's, followed to the layer. */
function boxOfLayer(
  g: GraphBuilder,
  network: Network,
  index: number,
  { places }: ResolvedRule,
  { parameters, box }: RelevanceSetting,
): BoxValues {
  const rank = network.inputShape.length + 1;
  const bound = (side: 'low' | 'high'): Value => {
    const place = places[side];
    if (place !== undefined) return broadcastBound(g, network, parameters.at(place, rank));
    if (box === null) throw new RangeError('the model states no input box');
    return broadcastBound(g, network, g.constant(boundTensor(box[side], network.inputShape)));
  };
  const input = layerAt(network, index).inputs[0] ?? NETWORK_INPUT;
  return boxAt(g, network, input, { low: bound('low'), high: bound('high') });
}

/** Relevance follows the indices; what stood on padding is lost. */
function routedRelevance(
  g: GraphBuilder,
  layer: Extract<Layer, { type: 'concat' | 'reshape' | 'permute' | 'pad' | 'crop' }>,
  inputs: readonly Value[],
  arriving: Value,
  losses: Losses,
): readonly Value[] {
  const routed = routeBack(g, layer, inputs, arriving);
  const [kept] = routed;
  if (layer.type === 'pad' && kept !== undefined) losses.add('dropped', g.sub(total(g, arriving), total(g, kept)));
  return routed;
}

function otherRelevance(
  g: GraphBuilder,
  layer: Exclude<
    Layer,
    { type: 'dense' | 'conv2d' | 'conv2dTranspose' | 'concat' | 'reshape' | 'permute' | 'pad' | 'crop' }
  >,
  { inputs, output, arriving }: BackwardStep,
  resolved: ResolvedRule,
  setting: RelevanceSetting,
  losses: Losses,
): readonly Value[] {
  const [x] = inputs;
  if (x === undefined) throw new RangeError(`layer ${layer.name} has no input`);
  if (resolved.rule.name === 'pass') return [arriving];
  const { rule } = resolved;
  const shares = (name: string, bias: Value | null): Omit<Flow, 'parts'> => ({
    z: output,
    bias,
    epsilon: parameterOf(resolved, name, setting, output),
    relevance: arriving,
  });
  switch (layer.type) {
    case 'activation':
      throw new RangeError(`rule ${rule.name} does not fit layer ${layer.name}`);
    case 'lrn':
      return [normalisationRelevance(g, layer, x, arriving, losses)];
    case 'affine': {
      const contribution = g.mul(x, perChannel(g, g.constant(layer.scale), x));
      const kept = rule.name === 'epsilon' && rule.bias === 'keep';
      const offset = kept ? perChannel(g, g.constant(layer.offset), x) : null;
      const flow = shares('epsilon', offset);
      const s = normalised(g, kept ? flow : { ...flow, z: contribution }, losses);
      return [g.mul(contribution, s)];
    }
    case 'maxPool2d': {
      if (rule.name !== 'winner-take-all' || rule.ties === 'first') return [g.maxPool2dBackward(x, arriving, layer)];
      if (rule.ties === 'split') return [splitAmongMaxima(g, layer, x, output, arriving)];
      const map = averageMap(g, { ...layer, type: 'avgPool2d', counted: [0, 0, 0, 0] }, x.shape.slice(1));
      const z = map.apply(x, null);
      return [propagate(g, [{ ...shares('stabiliser', null), z, parts: [{ input: x, map }] }], losses)];
    }
    case 'avgPool2d': {
      const map = averageMap(g, layer, x.shape.slice(1));
      return [propagate(g, [{ ...shares('stabiliser', null), parts: [{ input: x, map }] }], losses)];
    }
    case 'add': {
      const s = normalised(g, shares('stabiliser', null), losses);
      return inputs.map((input, i) => g.mul(scaled(g, input, layer.coefficients?.[i] ?? 1), s));
    }
    default:
      return layer satisfies never;
  }
}
