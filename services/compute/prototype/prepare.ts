import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import type { Registry } from '../../../models/registry/registry.ts';
import { faultAt } from '../../../schemas/errors.ts';
import type { PrototypeRequest } from '../../../schemas/prototype.ts';
import type { PrototypeOptions, PrototypePlan } from '../../prototype/plan.ts';
import { planPrototype } from '../../prototype/planPrototype.ts';
import type { ExplanationService } from '../explanation.ts';
import { companionsOf } from './companionModels.ts';
import type { PrototypeTask } from './prototypeTask.ts';
import { subjectOf } from './subjectOf.ts';

/** Most points of all trajectories of an answer: every one is an object, and others wait while it is read and written. */
const MAX_POINTS = 2 ** 18;

/** What looks models up, reads their structure and decodes pictures. */
export interface PrototypeParts {
  readonly service: Pick<ExplanationService, 'networkOf' | 'decode'>;
  readonly registry: Registry;
}

/** A request that was checked as far as can be told without searching. */
export interface PreparedPrototype {
  readonly task: Omit<PrototypeTask, 'saved'>;
  readonly plan: PrototypePlan;
}

/**
 * Finds the models of a request, decodes its picture and plans it.
 * @throws ElucidError everything that is wrong with a request: `unknown-model`, `invalid`, `not-applicable`,
 *   `unsupported-image`, `model-failed`
 */
export async function preparePrototype(
  request: PrototypeRequest,
  { service, registry }: PrototypeParts,
  signal: AbortSignal,
): Promise<PreparedPrototype> {
  const { model: name, version, render: _render, init, ...rest } = request;
  const model = registry.get(name, version);
  const models = { model, ...companionsOf(model, request.variant, registry) };
  const options: PrototypeOptions = { ...rest, init: await pictureOf(init, model, service, signal) };
  const subject = await subjectOf(models, (one) => service.networkOf(one));
  const plan = planPrototype(subject, options);
  refuseLongTrajectories(options, plan.rows);
  return { task: { ...models, options }, plan };
}

/** @throws ElucidError `invalid` */
function refuseLongTrajectories({ include, steps }: PrototypeOptions, rows: number): void {
  if (!include.includes('trajectory') || rows * steps <= MAX_POINTS) return;
  const detail = `the trajectories of ${rows} prototypes over ${steps} steps have ${rows * steps} points; allowed are ${MAX_POINTS}`;
  throw faultAt('invalid', '/include', detail);
}

async function pictureOf(
  init: PrototypeRequest['init'],
  model: RegisteredModel,
  service: PrototypeParts['service'],
  signal: AbortSignal,
): Promise<PrototypeOptions['init']> {
  if (init === undefined || typeof init === 'string') return init;
  if (init.tensor !== undefined) return { tensor: init.tensor };
  const { name, input } = model.manifest;
  if (input.kind !== 'image')
    throw faultAt('invalid', '/init/image', `${name} takes tensors, not images: use init.tensor`);
  const { shape, data } = await service.decode(model, init.image ?? new Uint8Array(), signal);
  return { tensor: { shape: shape.slice(1), data } };
}
