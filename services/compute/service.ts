import type { Network } from '../../models/network.ts';
import type { Picture } from '../../models/preprocessing/pixels.ts';
import type { Registry } from '../../models/registry/registry.ts';
import { TensorStore } from '../../models/tensors/store.ts';
import { type ArrayTensor, arrayTensor } from '../../models/tensors/tensor.ts';
import { ElucidError, faultAt } from '../../schemas/errors.ts';
import type { MethodName } from '../../schemas/methods.ts';
import { checkInsideBox } from '../explanation/inputBox.ts';
import type { Plan } from '../explanation/plan.ts';
import { describeModel } from './describe.ts';
import { ExplainPool, type ExplainPoolOptions } from './explainPool.ts';
import type { ExplainCommand, Explanation, ExplanationService, ModelDescription, ModelState } from './explanation.ts';
import { filterLayer } from './filters.ts';
import { IngestPool } from './ingestPool.ts';
import { itemsOf } from './items.ts';
import { Models } from './models.ts';
import { layerIndex, type ResolvedTarget, resolveTarget } from './targets.ts';

export interface ServiceOptions extends Omit<ExplainPoolOptions, 'store'> {
  readonly registry: Registry;
  readonly maxPixels: number;
  /** Most network rows that one request may cost. */
  readonly maxRuns: number;
}

/** Opens the tensor store and starts the worker processes. */
export async function openExplanationService(options: ServiceOptions): Promise<ExplanationService> {
  const store = await TensorStore.open(options.cacheDir);
  await store.evict(options.cacheDiskBytes);
  const explain = new ExplainPool(options);
  const ingest = new IngestPool(options);
  return new Service(options.registry, new Models(store, explain), explain, ingest, options.maxRuns);
}

class Service implements ExplanationService {
  private readonly registry: Registry;
  private readonly models: Models;
  private readonly explainPool: ExplainPool;
  private readonly ingestPool: IngestPool;
  private readonly maxRuns: number;

  constructor(registry: Registry, models: Models, explainPool: ExplainPool, ingestPool: IngestPool, maxRuns: number) {
    this.registry = registry;
    this.models = models;
    this.explainPool = explainPool;
    this.ingestPool = ingestPool;
    this.maxRuns = maxRuns;
  }

  async explain(command: ExplainCommand, signal: AbortSignal): Promise<Explanation> {
    const { method, options } = command;
    const registered = this.registry.get(command.model, command.version);
    const [loaded, seen] = await Promise.all([this.models.load(registered), this.see(command, signal)]);
    const target = resolveTarget(command.target, loaded.outputs, loaded.network);
    const focus = { unit: target.unit, layer: layerOf(command, target, loaded.network) };
    const plan = loaded.plan(method, options, focus);
    if (plan.requiredBox !== null) checkInsideBox(seen.input, plan.requiredBox);
    this.refuseCostly(plan, method, seen.input);
    const request = { method, options, focus, input: seen.input, target: target.row };
    const run = await this.explainPool.run(loaded, plan, request, signal);
    const { relevance, rows } = run;
    if (!allFinite(run)) throw nonFinite(method, registered.manifest.name);
    return {
      model: { name: registered.manifest.name, version: registered.manifest.version, sha256: registered.sha256 },
      engine: run.engine,
      method,
      options: plan.options,
      relevance: arrayTensor([rows, ...plan.relevanceShape], relevance),
      items: itemsOf(run, plan.conservation, loaded.outputs, target),
      picture: seen.picture,
      timing_ms: { decode: seen.decodeMs, queue: run.waitedMs, compute: run.computeMs },
      batch_size: run.batchSize,
      cached: run.cached,
    };
  }

  stateOf(model: string, version?: string): ModelState {
    return this.models.stateOf(this.registry.get(model, version));
  }

  async describe(model: string, version?: string): Promise<ModelDescription> {
    return describeModel(this.models, this.registry.get(model, version));
  }

  async exportOnnx(
    model: string,
    version: string | undefined,
    method: MethodName,
    options: Readonly<Record<string, unknown>>,
  ): Promise<Uint8Array> {
    const loaded = await this.models.load(this.registry.get(model, version));
    loaded.plan(method, options);
    return this.explainPool.exportOnnx(loaded, method, options);
  }

  async filters(model: string, version: string | undefined, layer: string): Promise<ArrayTensor> {
    const loaded = await this.models.load(this.registry.get(model, version));
    const { index, shape } = filterLayer(loaded.network, layer);
    return arrayTensor(shape, await this.explainPool.weights(loaded, index));
  }

  async alive(): Promise<void> {
    await Promise.all([this.explainPool.ping(), this.ingestPool.ping()]);
  }

  async close(): Promise<void> {
    await Promise.all([this.explainPool.close(), this.ingestPool.close()]);
  }

  private refuseCostly({ rowsPerItem }: Plan, method: MethodName, { shape: [items = 0] }: ArrayTensor): void {
    const rows = items * rowsPerItem;
    if (rows <= this.maxRuns) return;
    const detail = `${method} would cost ${rows} runs of the network (${items} × ${rowsPerItem}); allowed are ${this.maxRuns}`;
    throw faultAt('invalid', rowsPerItem === 1 ? '/input' : '/options', detail);
  }

  /** What the network is to see: a decoded image, or the tensor as it came. */
  private async see({ input, model, version, picture }: ExplainCommand, signal: AbortSignal): Promise<Seen> {
    if (input.kind === 'tensor') return { input: input.tensor, picture: null, decodeMs: 0 };
    const registered = this.registry.get(model, version);
    const { image, decodeMs } = await this.ingestPool.decode(registered, input.bytes, picture, signal);
    return { input: image.tensor, picture: image.picture, decodeMs };
  }
}

/** The layer where relevance is wanted. @throws ElucidError `invalid` for one that is unknown or behind the explained unit */
function layerOf({ layer }: ExplainCommand, { unit }: ResolvedTarget, network: Network): number | null {
  if (layer === undefined) return null;
  const index = layerIndex(layer, network, '/layer');
  if (index <= (unit ?? network.output)) return index;
  throw faultAt('invalid', '/layer', `layer ${layer} must not lie behind the layer of the explained unit`);
}

interface Seen {
  readonly input: ArrayTensor;
  readonly picture: Picture | null;
  readonly decodeMs: number;
}

function allFinite({
  relevance,
  scores,
  report,
}: {
  relevance: Float32Array;
  scores: Float32Array;
  report: Float32Array;
}) {
  return [relevance, scores, report].every((values) => values.every(Number.isFinite));
}

function nonFinite(method: MethodName, model: string): ElucidError {
  const hint = 'the input, ε or another number may be too extreme for float32';
  return new ElucidError('non-finite', `${method} on ${model} gave a result that is not finite; ${hint}`);
}
