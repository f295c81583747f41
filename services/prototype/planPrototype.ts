import { layerAt, shapeAt } from '../../models/network.ts';
import { sizeOf } from '../../models/tensors/tensor.ts';
import { faultAt } from '../../schemas/errors.ts';
import type { Graph } from '../engine/graph.ts';
import { sha256 } from '../engine/identity.ts';
import { frameCount } from './animation.ts';
import { type Bounds, boundsOf, boundsOfPairs, meanWidth } from './bounds.ts';
import { checkCompanions } from './companions.ts';
import type { WeightedTerm } from './graphs/labels.ts';
import {
  activationGraph,
  codeGraph,
  type ObjectiveStructure,
  objectiveGraph,
  termColumns,
  variableShape,
} from './graphs/objective.ts';
import { adam } from './optimisers/adam.ts';
import { generatorAscent } from './optimisers/generatorAscent.ts';
import { lbfgs } from './optimisers/lbfgs.ts';
import { momentum } from './optimisers/momentum.ts';
import type { OptimiserMaker } from './optimisers/optimiser.ts';
import { diversityLayer, initOf, isGenerative, resolveOptions } from './options.ts';
import type { PrototypeDriver, PrototypeOptions, PrototypePlan, ResolvedOptions } from './plan.ts';
import { PrototypeRun } from './run.ts';
import { ACTIVATIONS, CODE, OBJECTIVE, type RunSetup } from './setup.ts';
import { startPictures } from './starts.ts';
import type { PrototypeSubject } from './subject.ts';
import { resolveTargets } from './targets.ts';

/** Most prototypes of one request. */
const MOST_ROWS = 1024;
/** Most values of all their pictures or codes: with them an optimiser's memory is kept, which is larger for l-bfgs. */
const MOST_VALUES = 2 ** 23;
const MOST_VALUES_LBFGS = 2 ** 21;

/**
 * Plans activation maximisation: inputs x, or codes z with x = g(z), that maximise
 * J = base + w·log p(x) − λ‖v − v₀‖² − τ·TV(x) − μ·Σ cos, with base one of log p(c|x), a score, or a unit's value.
 * @throws ElucidError `invalid` with a pointer for what a request cannot ask of this model, `not-applicable` where the
 *   model lacks a companion, `model-failed` where a companion does not fit
 */
export function planPrototype(subject: PrototypeSubject, options: PrototypeOptions): PrototypePlan {
  requireCompanions(subject, options);
  checkCompanions(subject);
  const setup = setUp(subject, options);
  const { structure, targets } = setup;
  return {
    key: keyOf(subject, structure),
    rows: setup.rows,
    targets: targets.map(({ info }) => info),
    options: setup.options,
    imageShape: setup.imageShape,
    graphs: () => graphsOf(subject, setup),
    driver: driverOf(setup),
  };
}

function driverOf(setup: RunSetup): PrototypeDriver {
  return function* (saved, maxBatch) {
    const run = new PrototypeRun(setup, maxBatch);
    if (saved === null) yield* run.begin();
    else run.restore(saved);
    while (run.unfinished) {
      yield* run.advance();
      yield run.report();
    }
    return yield* run.finish();
  };
}

function graphsOf(subject: PrototypeSubject, { structure }: RunSetup): Readonly<Record<string, Graph>> {
  return {
    [OBJECTIVE]: objectiveGraph(subject, structure),
    ...(structure.diversity === null ? {} : { [ACTIVATIONS]: activationGraph(subject, structure) }),
    ...(structure.generator ? { [CODE]: codeGraph(subject, structure) } : {}),
  };
}

function setUp(subject: PrototypeSubject, options: PrototypeOptions): RunSetup {
  const { network, box } = subject;
  const { rows: targets, unit } = resolveTargets(options.target, subject);
  const pixels = sizeOf(network.inputShape);
  const pictureBounds = box === null ? null : boundsOf(box, pixels);
  const bounds = isGenerative(options) ? codeBounds(subject) : pictureBounds;
  const elements = isGenerative(options) ? sizeOf(subject.generator?.network.inputShape ?? []) : pixels;
  const scale = { unit, elements, width: meanWidth(bounds), pixels, pixelWidth: meanWidth(pictureBounds) };
  const resolved = resolveOptions(options, subject, scale);
  const structure = structureOf(resolved, options, subject, unit);
  const rows = targets.length * options.count;
  checkSize(rows, Math.max(elements, pixels), targets.length, resolved);
  const init = initOf(options, subject, unit);
  const startOf = structure.generator && init === 'noise' ? null : startPictures(init, subject, targets);
  if (startOf !== null)
    targets.forEach((_, target) => {
      startOf(target);
    });
  const start = typeof init === 'object' ? sha256(bytesOf(init.tensor.data)) : init;
  return {
    identity: sha256(
      JSON.stringify([network.id, keyOf(subject, structure), resolved, options.target, start, options.include]),
    ),
    structure,
    options: resolved,
    targets,
    rows,
    imageShape: network.inputShape,
    variableShape: variableShape(subject, structure),
    unitShape: layerAt(network, unit ?? network.output).shape,
    activationShape: structure.diversity === null ? null : shapeAt(network, structure.diversity),
    columns: termColumns(subject, structure),
    bounds,
    pictureBounds,
    startOf,
    optimiser: makerOf(resolved),
    frames: options.include.includes('animation') ? frameCount(options.steps, rows * pixels) : 0,
    trajectories: options.include.includes('trajectory'),
  };
}

function structureOf(
  { regularisers, densityWeight, objective, diversity, count, variant }: ResolvedOptions,
  options: PrototypeOptions,
  subject: PrototypeSubject,
  unit: number | null,
): ObjectiveStructure {
  const weights: Readonly<Record<WeightedTerm, number>> = {
    log_density: densityWeight ?? 0,
    l2: regularisers.l2,
    total_variation: regularisers.totalVariation,
  };
  const names: readonly WeightedTerm[] = ['log_density', 'l2', 'total_variation'];
  return {
    base: objective === 'logit' ? 'value' : objective,
    unit,
    generator: isGenerative(options),
    normalised: variant === 'dgn-am',
    weighted: names.filter((name) => weights[name] > 0),
    // Few different kernels, whatever shifts clients ask for.
    reach: regularisers.jitter === 0 ? 0 : 2 ** Math.ceil(Math.log2(regularisers.jitter)),
    diversity: diversity.weight > 0 && count > 1 ? diversityLayer(options, subject, unit) : null,
  };
}

function makerOf({ optimiser, variant }: ResolvedOptions): OptimiserMaker {
  if (optimiser.name === 'adam') return adam;
  if (optimiser.name === 'l-bfgs') return lbfgs;
  return variant === 'dgn-am' ? generatorAscent(optimiser.momentum) : momentum(optimiser.momentum);
}

function codeBounds({ codeRange }: PrototypeSubject): Bounds | null {
  return codeRange === null ? null : boundsOfPairs(codeRange);
}

function keyOf({ box, generator, density }: PrototypeSubject, structure: ObjectiveStructure): string {
  const companions = [
    structure.generator ? generator?.network.id : null,
    structure.weighted.includes('log_density') ? density?.network.id : null,
  ];
  return `prototype ${JSON.stringify([structure, ...companions, box !== null])}`;
}

/** @throws ElucidError `not-applicable` that names the field of the manifest */
function requireCompanions(subject: PrototypeSubject, { variant }: PrototypeOptions): void {
  const needed = {
    simple: [],
    density: ['density'],
    generator: ['generator'],
    'dgn-am': ['generator', 'codeRange'],
  } as const;
  const missing = needed[variant].filter((field) => subject[field] === null);
  if (missing.length === 0) return;
  const fields = missing.map((field) => `companions.${field}`).join(' and ');
  const detail = `the variant ${variant} needs ${fields} in the manifest of ${subject.name}, which has none`;
  throw faultAt('not-applicable', '/variant', detail);
}

/** @param values of one prototype @throws ElucidError `invalid` */
function checkSize(rows: number, values: number, targets: number, { optimiser }: ResolvedOptions): void {
  const mostValues = optimiser.name === 'l-bfgs' ? MOST_VALUES_LBFGS : MOST_VALUES;
  // One prototype is always searched.
  const most = Math.min(MOST_ROWS, Math.max(1, Math.floor(mostValues / values)));
  if (rows <= most) return;
  const detail = `${targets} targets of ${rows / targets} prototypes each are ${rows}; at most ${most} of ${values} values are searched at once by ${optimiser.name}`;
  throw faultAt('invalid', targets > 1 ? '/target' : '/count', detail);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
