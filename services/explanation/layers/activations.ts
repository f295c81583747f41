import type { ActivationFunction } from '../../../models/network.ts';
import type { Value } from '../../engine/graph.ts';
import type { GraphBuilder } from '../../engine/graphBuilder.ts';

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** y = φ(x). */
export function activate(g: GraphBuilder, fn: ActivationFunction, x: Value): Value {
  switch (fn.name) {
    case 'relu':
      return g.relu(x);
    case 'sigmoid':
      return g.sigmoid(x);
    case 'tanh':
      return g.tanh(x);
    case 'softplus':
      return g.softplus(x);
    case 'softsign':
      return g.div(x, g.add(g.scalar(1), g.abs(x)));
    case 'exp':
      return g.exp(x);
    case 'log':
      return g.log(x);
    case 'power':
      return power(g, x, fn.exponent);
    case 'abs':
      return g.abs(x);
    case 'leakyRelu':
      return rectified(g, x, g.mul(x, g.scalar(fn.alpha)));
    case 'prelu':
      return rectified(g, x, g.mul(x, perChannel(g, g.constant(fn.slope), x)));
    case 'elu':
      return rectified(g, x, exponential(g, x, fn.alpha));
    case 'selu':
      return g.mul(g.scalar(SELU_SCALE), rectified(g, x, exponential(g, x, SELU_ALPHA)));
    case 'clip':
      return g.minimum(fn.low === 0 ? g.relu(x) : g.maximum(x, g.scalar(fn.low)), g.scalar(fn.high));
    default:
      return fn satisfies never;
  }
}

/** ∂y/∂x = φ′(x), elementwise; 0 at the kinks of relu and clip, the negative slope at those of leaky functions. */
export function slope(g: GraphBuilder, fn: ActivationFunction, x: Value, y: Value): Value {
  const one = g.scalar(1);
  const zero = g.scalar(0);
  const positive = g.greater(x, zero);
  switch (fn.name) {
    case 'relu':
      return g.where(positive, one, zero);
    case 'sigmoid':
      return g.mul(y, g.sub(one, y));
    case 'tanh':
      return g.sub(one, g.square(y));
    case 'softplus':
      return g.sigmoid(x);
    case 'softsign':
      return g.div(one, g.square(g.add(one, g.abs(x))));
    case 'exp':
      return y;
    case 'log':
      return g.div(one, x);
    case 'power':
      return g.mul(g.scalar(fn.exponent), power(g, x, fn.exponent - 1));
    case 'abs':
      return g.sub(g.where(positive, one, zero), g.where(g.greater(zero, x), one, zero));
    case 'leakyRelu':
      return g.where(positive, one, g.scalar(fn.alpha));
    case 'prelu':
      return g.where(positive, one, perChannel(g, g.constant(fn.slope), x));
    case 'elu':
      return g.where(positive, one, g.mul(g.scalar(fn.alpha), g.exp(g.negativePart(x))));
    case 'selu':
      return g.mul(g.scalar(SELU_SCALE), g.where(positive, one, g.mul(g.scalar(SELU_ALPHA), g.exp(g.negativePart(x)))));
    case 'clip': {
      const inside = g.logicalAnd(g.greater(x, g.scalar(fn.low)), g.greater(g.scalar(fn.high), x));
      return g.where(inside, one, zero);
    }
    default:
      return fn satisfies never;
  }
}

/** Functions with φ(t x) = t φ(x) for t > 0. */
export function isHomogeneous(fn: ActivationFunction): boolean {
  return ['relu', 'leakyRelu', 'prelu', 'abs'].includes(fn.name);
}

/** x^exponent; whole exponents that are common as products, which are cheaper and whose sign is known. */
function power(g: GraphBuilder, x: Value, exponent: number): Value {
  switch (exponent) {
    case 1:
      return x;
    case 2:
      return g.square(x);
    default:
      return g.pow(x, g.scalar(exponent));
  }
}

function rectified(g: GraphBuilder, x: Value, below: Value): Value {
  return g.where(g.greater(x, g.scalar(0)), x, below);
}

/** α(eˣ − 1) for x ≤ 0; the exponent is clamped, so that what is not taken does not overflow. */
function exponential(g: GraphBuilder, x: Value, alpha: number): Value {
  return g.mul(g.scalar(alpha), g.sub(g.exp(g.negativePart(x)), g.scalar(1)));
}

/** A vector of one value per channel in the rank of x: [1, C, 1, ...]. */
export function perChannel(g: GraphBuilder, vector: Value, x: Value): Value {
  const trailing = x.shape.slice(2).map(() => 1);
  return g.reshape(vector, [1, ...vector.shape.slice(0, 1), ...trailing]);
}
