import { modelsOf } from '../../../models/registry/liveRegistry.ts';
import type { RegisteredModel, RegistryEntry } from '../../../models/registry/registeredModel.ts';
import type { Registry } from '../../../models/registry/registry.ts';
import type { ExplanationService } from '../../compute/explanation.ts';
import { HttpFailure } from '../problem.ts';

interface Parts {
  readonly registry: Registry;
  readonly service: Pick<ExplanationService, 'stateOf' | 'networkOf' | 'retain'>;
  /** Reads the folders of models again. */
  readonly reloadModels: () => Promise<unknown>;
}

/**
 * The models as the model-serving protocols see them: one that an administrator unloaded takes no requests there until
 * it is loaded again. All others are loaded by the first request.
 */
export class ServedModels {
  readonly #parts: Parts;
  /** Names. */
  readonly #unloaded = new Set<string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** All folders with a manifest. */
  list(): readonly RegistryEntry[] {
    return this.#parts.registry.list();
  }

  /** @throws ElucidError `unknown-model`, `model-failed`; HttpFailure `not-ready` for one that was unloaded */
  get(name: string, version?: string): RegisteredModel {
    const model = this.#parts.registry.get(name, version);
    if (this.#unloaded.has(name)) throw new HttpFailure('not-ready', `the model ${name} was unloaded`);
    return model;
  }

  /** @throws ElucidError `unknown-model`, `model-failed`; HttpFailure `not-ready` when it cannot take requests */
  assertReady(name: string, version?: string): void {
    const state = this.#parts.service.stateOf(this.get(name, version));
    if (state.state === 'failed') throw new HttpFailure('not-ready', `the model ${name} failed: ${state.reason}`);
  }

  /** Whether an administrator unloaded it. */
  isUnloaded(name: string): boolean {
    return this.#unloaded.has(name);
  }

  /** Reads the folders of models again, and loads the highest version of a model. */
  async load(name: string): Promise<void> {
    await this.#parts.reloadModels();
    await this.#parts.service.networkOf(this.#parts.registry.get(name));
    this.#unloaded.delete(name);
  }

  /** Frees what all versions of a model hold, once running requests are done. */
  unload(name: string): void {
    const { registry, service } = this.#parts;
    registry.get(name);
    this.#unloaded.add(name);
    service.retain(modelsOf(registry).filter(({ manifest }) => !this.#unloaded.has(manifest.name)));
  }
}
