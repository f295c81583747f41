import type { FastifyBaseLogger } from 'fastify';
import { type LiveRegistry, modelsOf, type RegistryChanges } from '../models/registry/liveRegistry.ts';
import type { Registry } from '../models/registry/registry.ts';
import type { ExplanationService } from './compute/explanation.ts';
import { companionFault } from './compute/prototype/companionModels.ts';
import type { CheckEvent } from './compute/storeCheck.ts';

/**
 * Reads the folders of models again, and unloads what is not there any more. Running requests finish on the models that
 * they began with.
 */
export async function reload(
  registry: LiveRegistry,
  service: Pick<ExplanationService, 'retain'>,
  logger: FastifyBaseLogger,
): Promise<RegistryChanges> {
  const changes = await registry.reload();
  service.retain(modelsOf(registry));
  const { added, changed, removed, failed } = changes;
  logger.info({ added, changed, removed, failed }, 'models read again');
  logMissingCompanions(registry, logger);
  return changes;
}

/** Tells which models there are, and which cannot be used. */
export function logModels(registry: Registry, logger: FastifyBaseLogger): void {
  for (const entry of registry.list()) {
    if (entry.state === 'failed') {
      logger.warn({ model: entry.name, version: entry.version }, `model ${entry.name} cannot be used: ${entry.reason}`);
    } else {
      const { name, version } = entry.model.manifest;
      logger.debug({ model: name, version }, `model ${name} registered`);
    }
  }
  logMissingCompanions(registry, logger);
}

/** Tells which models name others as companions that are not there: prototypes that need them fail. */
function logMissingCompanions(registry: Registry, logger: FastifyBaseLogger): void {
  for (const model of modelsOf(registry)) {
    const { name, version } = model.manifest;
    for (const field of ['density', 'generator'] as const) {
      const fault = companionFault(model, field, registry);
      if (fault !== null) logger.warn({ model: name, version }, fault);
    }
  }
}

/** Tells what the check of the tensor store found. */
export function logCheck(event: CheckEvent, logger: FastifyBaseLogger): void {
  if (event.kind === 'verified') {
    logger.debug({ folders: event.folders }, 'the tensor store is verified');
  } else if (event.kind === 'failed') {
    logger.error({ err: event.error }, 'the tensor store could not be verified');
  } else {
    const { folder, files } = event;
    logger.warn({ folder, files }, 'files of the tensor store were damaged: deleted, the next request makes them anew');
  }
}
