import { isLinear, layerAt, NETWORK_INPUT } from '../../models/network.ts';
import { faultAt } from '../../schemas/errors.ts';
import type { InitName, ObjectiveName } from '../../schemas/prototype.ts';
import type { ClientTensor } from '../../schemas/tensorInput.ts';
import { layerIndex } from '../explanation/targetNames.ts';
import { DEFAULTS, MOMENTUM } from './defaults.ts';
import type { PrototypeOptions, ResolvedOptions } from './plan.ts';
import type { PrototypeSubject } from './subject.ts';

/** What the defaults of a request depend on. */
export interface Scale {
  /** Index of the layer of a hidden unit; null for an output. */
  readonly unit: number | null;
  /** Elements of the variable, and the mean width of its bounds. */
  readonly elements: number;
  readonly width: number;
  /** The same of the picture. */
  readonly pixels: number;
  readonly pixelWidth: number;
}

/** Variants whose variable is a code. */
export function isGenerative({ variant }: Pick<PrototypeOptions, 'variant'>): boolean {
  return variant === 'generator' || variant === 'dgn-am';
}

/**
 * Fills the defaults in.
 * @throws ElucidError `invalid` for what cannot be combined, `not-applicable` for what the model does not have
 */
export function resolveOptions(options: PrototypeOptions, subject: PrototypeSubject, scale: Scale): ResolvedOptions {
  const { variant, steps, tolerance, seed, count } = options;
  const { l2, totalVariation, densityWeight } = DEFAULTS[variant];
  const init = initOf(options, subject, scale.unit);
  const given = options.regularisers;
  const diverse = options.diversity.weight > 0 && count > 1;
  const resolved: ResolvedOptions = {
    variant,
    objective: objectiveOf(options, subject, scale.unit),
    init: typeof init === 'object' ? 'tensor' : init,
    regularisers: {
      l2: given.l2 ?? l2 / (scale.elements * scale.width ** 2),
      totalVariation: given.totalVariation ?? defaultVariation(totalVariation, subject, scale),
      blur: given.blur ?? null,
      jitter: given.jitter ?? 0,
      clipNorm: given.clipNorm ?? 0,
      clipContribution: given.clipContribution ?? 0,
    },
    densityWeight: variant === 'density' ? (options.densityWeight ?? densityWeight) : null,
    optimiser: optimiserOf(options, scale),
    steps,
    tolerance,
    seed,
    count,
    diversity: {
      weight: options.diversity.weight,
      layer: diverse ? nameOf(subject, diversityLayer(options, subject, scale.unit)) : null,
    },
  };
  refuseCombinations(resolved, options, subject, diverse);
  return resolved;
}

/** The layer (or input) at whose activations diversity is measured: the asked one, else what the last weights read. */
export function diversityLayer(
  { diversity }: Pick<PrototypeOptions, 'diversity'>,
  { network }: PrototypeSubject,
  unit: number | null,
): number {
  if (diversity.layer !== undefined) return layerIndex(diversity.layer, network, '/diversity/layer');
  const last = network.layers.slice(0, (unit ?? network.output) + 1).findLast(isLinear);
  return last?.inputs[0] ?? NETWORK_INPUT;
}

/** Where the search starts: the asked place, else the variant's, which the model may not have. */
export function initOf(
  { init, variant }: PrototypeOptions,
  { classMeans }: PrototypeSubject,
  unit: number | null,
): InitName | { readonly tensor: ClientTensor } {
  if (init !== undefined) return init;
  const own = DEFAULTS[variant].init;
  return own === 'class-mean' && (classMeans === null || unit !== null) ? 'mean' : own;
}

function nameOf({ network }: PrototypeSubject, layer: number): string {
  return layer === NETWORK_INPUT ? 'input' : layerAt(network, layer).name;
}

function objectiveOf(
  { objective, variant }: PrototypeOptions,
  { network, kind, name }: PrototypeSubject,
  unit: number | null,
): ObjectiveName {
  const isClass = unit === null && kind === 'classification';
  const likely = isClass && network.outputFunction !== 'none';
  if (objective === undefined) {
    if (!isClass) return 'value';
    return likely && variant !== 'dgn-am' ? 'log-probability' : 'logit';
  }
  const possible = { 'log-probability': likely, logit: isClass, value: true, '-value': true }[objective];
  if (possible) return objective;
  const reason = isClass
    ? 'whose outputs are no probabilities'
    : unit === null
      ? 'which is a regression'
      : 'of a hidden unit';
  const allowed = isClass ? 'logit, value, -value' : 'value, -value';
  throw faultAt(
    'invalid',
    '/objective',
    `objective ${objective} is not one of ${name}, ${reason}; allowed: ${allowed}`,
  );
}

/** Total variation is of pictures and signals. */
function defaultVariation(weight: number, { network }: PrototypeSubject, { pixels, pixelWidth }: Scale): number {
  return network.inputShape.length < 2 ? 0 : weight / (pixels * pixelWidth ** 2);
}

function optimiserOf({ variant, optimiser }: PrototypeOptions, scale: Scale): ResolvedOptions['optimiser'] {
  const defaults = DEFAULTS[variant];
  const own = variant === 'dgn-am';
  if (own && optimiser !== undefined && optimiser.name !== 'momentum') {
    const detail = `optimiser.name must be momentum in the variant dgn-am, whose step is of its own; received ${optimiser.name}`;
    throw faultAt('invalid', '/optimiser/name', detail);
  }
  const name = optimiser?.name ?? defaults.optimiser;
  if (name === 'l-bfgs' || optimiser?.name === 'l-bfgs') return { name: 'l-bfgs' };
  const [first, last] = defaults.rates.map((rate) => (own ? rate : rate * scale.width));
  const learningRate = optimiser?.learningRate ?? first ?? 0;
  const rates = {
    learningRate,
    finalLearningRate:
      optimiser?.finalLearningRate ?? (own ? (last ?? 0) : (learningRate * (last ?? 0)) / (first ?? 1)),
  };
  if (name === 'adam') return { name, ...rates };
  const asked = optimiser?.name === 'momentum' ? optimiser.momentum : undefined;
  return { name, ...rates, momentum: asked ?? (own ? defaults.momentum : MOMENTUM) };
}

function refuseCombinations(
  { regularisers, optimiser, variant }: ResolvedOptions,
  options: PrototypeOptions,
  { network }: PrototypeSubject,
  diverse: boolean,
): void {
  const { inputShape } = network;
  const { jitter, blur, clipNorm, clipContribution, totalVariation } = regularisers;
  const onPixels = [
    ...(blur === null ? [] : ['blur']),
    ...(clipNorm > 0 ? ['clipNorm'] : []),
    ...(clipContribution > 0 ? ['clipContribution'] : []),
  ];
  const moving = [...(jitter > 0 ? ['jitter'] : []), ...onPixels];
  if (optimiser.name === 'l-bfgs' && (moving.length > 0 || diverse)) {
    const what = [...moving.map((name) => `regularisers.${name}`), ...(diverse ? ['diversity'] : [])].join(', ');
    const detail = `optimiser l-bfgs needs an objective that stays the same from step to step: it cannot be combined with ${what}; allowed: adam, momentum`;
    throw faultAt('invalid', '/optimiser/name', detail);
  }
  const [pixelwise] = onPixels;
  if (isGenerative(options) && pixelwise !== undefined) {
    const detail = `regularisers.${pixelwise} changes pixels, but the variant ${variant} searches a code; allowed: l2, totalVariation, jitter`;
    throw faultAt('invalid', `/regularisers/${pixelwise}`, detail);
  }
  if (variant === 'dgn-am' && regularisers.l2 > 0) {
    const detail = 'regularisers.l2 must be 0 in the variant dgn-am, whose code is made smaller by its decay';
    throw faultAt('invalid', '/regularisers/l2', detail);
  }
  if (options.densityWeight !== undefined && variant !== 'density') {
    const detail = `densityWeight belongs to the variant density; received with ${variant}`;
    throw faultAt('invalid', '/densityWeight', detail);
  }
  const [flat] = [...(jitter > 0 ? ['jitter'] : []), ...(blur === null ? [] : ['blur'])];
  if (flat !== undefined && inputShape.length !== 3) {
    const detail = `regularisers.${flat} needs inputs [channels, height, width]; the model's are [${inputShape.join(', ')}]`;
    throw faultAt('invalid', `/regularisers/${flat}`, detail);
  }
  if (totalVariation > 0 && inputShape.length < 2) {
    const detail = `regularisers.totalVariation needs inputs with neighbours; the model's are [${inputShape.join(', ')}]`;
    throw faultAt('invalid', '/regularisers/totalVariation', detail);
  }
  const [height = 0, width = 0] = inputShape.slice(1);
  if (jitter > 0 && jitter >= Math.min(height, width)) {
    const detail = `regularisers.jitter must be less than the sides of the input, ${height}×${width}; received ${jitter}`;
    throw faultAt('invalid', '/regularisers/jitter', detail);
  }
}
