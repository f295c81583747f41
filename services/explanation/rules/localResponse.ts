import type { LrnLayer } from '../../../models/network.ts';
import type { Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';
import { lrnWindows } from '../layers/lrn.ts';
import { type Losses, normalised } from './flow.ts';

/**
 * The Taylor rule of local response normalisation (Binder et al. 2016). Output j sends to itself x_j a_j with
 * a_j = (k + rate·x_j²)^−β, and to every other i of its window −c_j x_j x_i² with c_j = 2β·rate·s_j^(−β−1). These messages
 * are normalised to sum 1. Their common factor x_j cancels: with u_j = R_j / (a_j − c_j Σ_{i≠j} x_i²),
 * R_i = a_i u_i − x_i² Σ_{j≠i} c_j u_j.
 */
export function normalisationRelevance(
  g: GraphBuilder,
  layer: LrnLayer,
  x: Value,
  arriving: Value,
  losses: Losses,
): Value {
  const { s, rate, spread } = lrnWindows(g, layer, x);
  const offset = layer.region === 'across' ? layer.k : 1;
  const square = g.square(x);
  const own = g.pow(g.add(g.scalar(offset), g.mul(g.scalar(rate), square)), g.scalar(-layer.beta));
  const across = g.mul(g.scalar(2 * layer.beta * rate), g.pow(s, g.scalar(-layer.beta - 1)));
  const others = g.sub(g.mul(g.scalar(1 / rate), g.sub(s, g.scalar(offset))), square);
  const flow = { z: g.sub(own, g.mul(across, others)), bias: null, epsilon: null, relevance: arriving };
  const u = normalised(g, flow, losses);
  const crossed = g.mul(across, u);
  return g.sub(g.mul(own, u), g.mul(square, g.sub(spread(crossed), crossed)));
}
