import type { Rule } from '../../schemas/rules.ts';
import type { Unrolled } from './unrolled.ts';

/** Rules that report relevance at z = 0 as dead; under the others ε takes it, if it is not 0. */
const COUNTS_DEAD: ReadonlySet<string> = new Set(['z-plus', 'alpha-beta', 'gamma']);

/** What a rule makes of the relevance of a layer's outputs. */
export interface Redistribution {
  readonly relevance: Float64Array;
  readonly bias: number;
  readonly stabiliser: number;
  readonly dead: number;
}

/** One unit j: its weights, its bias, and what is known of its inputs; lengths are the number of inputs. */
interface Unit {
  readonly x: ArrayLike<number>;
  readonly w: Float64Array;
  readonly b: number;
  readonly sees: readonly boolean[];
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
}

/** Relevance · share goes to the inputs by their numerators over S_ε(Σ numerators + bias). */
interface Fraction {
  readonly numerators: readonly number[];
  readonly bias: number;
  readonly share: number;
}

/**
 * R_i = Σ_j over a matrix, literally as the table of rules in docs/explanations.md has it, in float64, and what
 * becomes of the rest: relevance of a unit whose numerators and bias are all 0 is dead.
 * @param x the layer's input
 * @param arriving relevance of its outputs
 * @param box bounds of every input, for z-box
 */
export function redistribute(
  rule: Rule,
  layer: Unrolled,
  x: ArrayLike<number>,
  arriving: ArrayLike<number>,
  box: { low: ArrayLike<number>; high: ArrayLike<number> } | null,
): Redistribution {
  const relevance = new Float64Array(layer.inputs);
  const lost = { bias: 0, stabiliser: 0, dead: 0 };
  const { low, high } = box ?? { low: [], high: [] };
  const epsilon = rule.name === 'epsilon' ? rule.epsilon : 'stabiliser' in rule ? rule.stabiliser : 0;
  for (let j = 0; j < layer.outputs; j += 1) {
    const r = arriving[j] ?? Number.NaN;
    const unit = { x, w: layer.w[j] ?? new Float64Array(), b: layer.b[j] ?? 0, sees: layer.sees[j] ?? [], low, high };
    const parts = fractions(rule, unit);
    if (parts.length === 0) lost.dead += r;
    for (const { numerators, bias, share } of parts) {
      const z = numerators.reduce((sum, numerator) => sum + numerator, 0) + bias;
      const s = z < 0 ? z - epsilon : z + epsilon;
      const dead = z === 0 && (COUNTS_DEAD.has(rule.name) || epsilon === 0);
      if (dead) lost.dead += share * r;
      if (s === 0) continue;
      for (const [i, numerator] of numerators.entries())
        relevance[i] = (relevance[i] ?? 0) + (numerator * share * r) / s;
      lost.bias += (bias * share * r) / s;
      if (!dead) lost.stabiliser += ((s - z) * share * r) / s;
    }
  }
  return { relevance, ...lost };
}

function fractions(rule: Rule, unit: Unit): readonly Fraction[] {
  const { x, w, low, high } = unit;
  const kept = 'bias' in rule && rule.bias === 'keep' ? unit.b : 0;
  const each = (numerator: (x: number, w: number, i: number) => number) =>
    Array.from(w, (weight, i) => numerator(x[i] ?? Number.NaN, weight, i));
  const positive = each((v, u) => plus(v) * plus(u) + minus(v) * minus(u));
  const negative = each((v, u) => plus(v) * minus(u) + minus(v) * plus(u));
  switch (rule.name) {
    case 'epsilon':
      return [{ numerators: each((v, u) => v * u), bias: kept, share: 1 }];
    case 'norm':
      return [{ numerators: each((v, u) => v * u), bias: 0, share: 1 }];
    case 'z-plus':
      return [{ numerators: positive, bias: plus(kept), share: 1 }];
    case 'alpha-beta': {
      const none = negative.reduce((sum, n) => sum + n, 0) + minus(kept) === 0;
      const [alpha, beta] = rule.fallback && none ? [1, 0] : [rule.alpha, rule.beta];
      return [
        { numerators: positive, bias: plus(kept), share: alpha },
        { numerators: negative, bias: minus(kept), share: -beta },
      ];
    }
    case 'gamma': {
      const z = each((v, u) => v * u).reduce((sum, n) => sum + n, 0) + kept;
      if (z === 0) return [];
      const [same, other] = z > 0 ? [plus, minus] : [minus, plus];
      const favoured = (part: (v: number) => number) => (u: number) => u + rule.gamma * part(u);
      const numerators = each((v, u) => plus(v) * favoured(same)(u) + minus(v) * favoured(other)(u));
      return [{ numerators, bias: favoured(same)(kept), share: 1 }];
    }
    case 'z-box': {
      const numerators = each((v, u, i) => v * u - (low[i] ?? 0) * plus(u) - (high[i] ?? 0) * minus(u));
      return [{ numerators, bias: 0, share: 1 }];
    }
    case 'w-square':
      return [{ numerators: each((_, u) => u * u), bias: kept * kept, share: 1 }];
    case 'flat':
      return [{ numerators: each((_v, _u, i) => (unit.sees[i] ? 1 : 0)), bias: 0, share: 1 }];
    default:
      throw new Error(`rule ${rule.name} is not for linear maps`);
  }
}

const plus = (value: number) => Math.max(value, 0);
const minus = (value: number) => Math.min(value, 0);
