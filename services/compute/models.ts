import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { meanInput } from './classMeans.ts';
import type { ExplainPool } from './explainPool.ts';
import type { ModelState } from './explanation.ts';
import type { LiveLoads } from './liveLoads.ts';
import type { LoadedModel } from './loadedModel.ts';
import { outputsOfModel } from './outputs.ts';
import { plannerFor } from './planner.ts';

interface Entry {
  readonly registered: RegisteredModel;
  readonly load: number;
  readonly loaded: Promise<LoadedModel>;
  state: ModelState;
  /** Requests that use it now. */
  users: number;
  /** Whether new requests load it again. The last of its users ends the load. */
  unloaded: boolean;
  /** What it counts of the memory for models; 0 until it is loaded. */
  bytes: number;
}

/**
 * Loaded models, least recently used first, bounded in bytes. A worker imports each once into the tensor store and
 * answers with its structure. What is unloaded is loaded again by the next request; requests that run finish.
 */
export class Models {
  private readonly pool: ExplainPool;
  private readonly loads: LiveLoads;
  private readonly maxBytes: number;
  private readonly onFailure: (model: RegisteredModel) => void;
  private readonly entries = new Map<string, Entry>();
  private readonly repairs = new Map<string, Promise<void>>();

  /**
   * @param maxBytes bound for the sum of the models' `memoryBytes`; one model is kept whatever its size
   * @param onFailure hears of every use of a model that ends because its files cannot be imported
   */
  constructor(pool: ExplainPool, loads: LiveLoads, maxBytes: number, onFailure: (model: RegisteredModel) => void) {
    this.pool = pool;
    this.loads = loads;
    this.maxBytes = maxBytes;
    this.onFailure = onFailure;
  }

  /**
   * Calls `work` with a model, which is loaded if need be and stays so at least until `work` is done.
   * @throws ElucidError `model-failed`
   */
  async use<Result>(registered: RegisteredModel, work: (model: LoadedModel) => Promise<Result>): Promise<Result> {
    const entry = this.enter(registered);
    entry.users += 1;
    try {
      return await work(await entry.loaded);
    } catch (error) {
      if (error instanceof ElucidError && error.code === 'model-failed') this.onFailure(registered);
      throw error;
    } finally {
      entry.users -= 1;
      if (entry.unloaded && entry.users === 0) this.end([entry]);
    }
  }

  private enter(registered: RegisteredModel): Entry {
    const key = registered.fingerprint;
    const known = this.entries.get(key);
    this.entries.delete(key);
    const entry = known === undefined || known.state.state === 'failed' ? this.begin(registered) : known;
    this.entries.set(key, entry);
    return entry;
  }

  private begin(registered: RegisteredModel): Entry {
    const load = this.loads.begin();
    const ready = this.repairs.get(registered.id) ?? Promise.resolve();
    const loaded = ready.then(() => this.read(registered, load));
    const state: ModelState = { state: 'loading' };
    const entry: Entry = { registered, load, loaded, state, users: 0, unloaded: false, bytes: 0 };
    loaded.then(
      ({ memoryBytes }) => {
        entry.state = { state: 'ready' };
        entry.bytes = memoryBytes;
        this.shrink(entry);
      },
      (error: unknown) => {
        entry.state = { state: 'failed', reason: error instanceof ElucidError ? error.message : 'an internal error' };
        this.loads.end(load);
      },
    );
    return entry;
  }

  stateOf({ fingerprint }: RegisteredModel): ModelState {
    return this.entries.get(fingerprint)?.state ?? { state: 'idle' };
  }

  /** Unloads all models but these. */
  retain(models: readonly RegisteredModel[]): void {
    const kept = new Set(models.map(({ fingerprint }) => fingerprint));
    this.unload([...this.entries.values()].filter(({ registered }) => !kept.has(registered.fingerprint)));
  }

  /**
   * Makes the models of one network load again from files that are mended: nothing begins to use the network meanwhile.
   * @param id the network's
   * @param remove deletes damaged files, at a moment when no worker uses the network
   * @param mend what else there is to do before it is loaded again
   */
  async repair(id: string, remove: () => void, mend: () => Promise<void>): Promise<void> {
    this.unload([...this.entries.values()].filter(({ registered }) => registered.id === id));
    const repaired = this.pool.whenIdle(id, remove).then(mend);
    const over = repaired.catch(() => undefined);
    this.repairs.set(id, over);
    await over;
    if (this.repairs.get(id) === over) this.repairs.delete(id);
    return repaired;
  }

  private shrink(latest: Entry): void {
    const entries = [...this.entries.values()];
    let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
    const unloaded: Entry[] = [];
    for (const entry of entries) {
      if (total <= this.maxBytes) break;
      if (entry === latest || entry.bytes === 0) continue;
      unloaded.push(entry);
      total -= entry.bytes;
    }
    this.unload(unloaded);
  }

  private unload(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.entries.delete(entry.registered.fingerprint);
      entry.unloaded = true;
    }
    this.end(entries.filter(({ users }) => users === 0));
  }

  private end(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    for (const { load } of entries) this.loads.end(load);
    this.pool.announceLoads();
  }

  private async read(registered: RegisteredModel, load: number): Promise<LoadedModel> {
    const mean = await meanInput(registered);
    const { network, memoryBytes } = await this.pool.load({ registered, mean }, load);
    const plan = plannerFor({ network, box: registered.box, mean });
    return { registered, load, network, mean, memoryBytes, outputs: outputsOfModel(registered, network), plan };
  }
}
