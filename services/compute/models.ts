import { loadNetwork } from '../../models/networkStore.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import type { TensorStore } from '../../models/tensors/store.ts';
import { ElucidError } from '../../schemas/errors.ts';
import type { ExplainPool } from './explainPool.ts';
import type { ModelState } from './explanation.ts';
import type { LoadedModel } from './loadedModel.ts';
import { meanInput } from './meanInput.ts';
import { modelKey } from './modelKey.ts';
import { outputsOfModel } from './outputs.ts';
import { plannerFor } from './planner.ts';

/** Models by content: a worker imports each once into the tensor store, from which the main process reads the structure. */
export class Models {
  private readonly store: TensorStore;
  private readonly pool: ExplainPool;
  private readonly loads = new Map<string, { loaded: Promise<LoadedModel>; state: ModelState }>();

  constructor(store: TensorStore, pool: ExplainPool) {
    this.store = store;
    this.pool = pool;
  }

  /** @throws ElucidError `model-failed` */
  load(registered: RegisteredModel): Promise<LoadedModel> {
    const key = modelKey(registered);
    const known = this.loads.get(key);
    if (known !== undefined && known.state.state !== 'failed') return known.loaded;
    const loaded = this.read(registered);
    const entry: { loaded: Promise<LoadedModel>; state: ModelState } = { loaded, state: { state: 'loading' } };
    this.loads.set(key, entry);
    loaded.then(
      () => {
        entry.state = { state: 'ready' };
      },
      (error: unknown) => {
        entry.state = { state: 'failed', reason: error instanceof ElucidError ? error.message : 'an internal error' };
      },
    );
    return loaded;
  }

  stateOf(registered: RegisteredModel): ModelState {
    return this.loads.get(modelKey(registered))?.state ?? { state: 'idle' };
  }

  private async read(registered: RegisteredModel): Promise<LoadedModel> {
    await this.pool.load(registered);
    const network = await loadNetwork(registered.id, this.store);
    if (network === null)
      throw new ElucidError('model-failed', `${registered.manifest.name} left no network in the store`);
    const plan = plannerFor({ network, box: registered.box, mean: await meanInput(registered) });
    return { registered, network, outputs: outputsOfModel(registered, network), plan };
  }
}
