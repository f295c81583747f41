import type { Network } from '../../models/network.ts';
import { inColour, type Picture } from '../../models/preprocessing/picture.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { summedShape } from '../../models/tensors/channelSums.ts';
import { allFinite } from '../../models/tensors/finite.ts';
import { TensorStore } from '../../models/tensors/store.ts';
import { type ArrayTensor, arrayTensor } from '../../models/tensors/tensor.ts';
import { ElucidError, faultAt } from '../../schemas/errors.ts';
import type { MethodName } from '../../schemas/methods.ts';
import { checkInsideBox } from '../explanation/inputBox.ts';
import type { Plan } from '../explanation/plan.ts';
import { type PlanName, PREDICT } from '../explanation/prediction.ts';
import { layerIndex } from '../explanation/targetNames.ts';
import { withinDeadline } from './deadline.ts';
import { describeModel } from './describe.ts';
import { ExplainPool, type ExplainPoolOptions, type ExplainRun } from './explainPool.ts';
import type {
  ExplainCommand,
  Explanation,
  ExplanationService,
  ModelDescription,
  ModelState,
  PredictCommand,
  Predicted,
} from './explanation.ts';
import { filterLayer } from './filters.ts';
import { IngestPool } from './ingestPool.ts';
import { type InputRows, inputTensor, rowsOfPixels, rowsOfTensor } from './inputRows.ts';
import { itemsOf, predictionsOf } from './items.ts';
import { LiveLoads } from './liveLoads.ts';
import type { LoadedModel } from './loadedModel.ts';
import { Models } from './models.ts';
import { type CheckEvent, StoreCheck } from './storeCheck.ts';
import { type ResolvedTarget, resolveTarget } from './targets.ts';

export interface ServiceOptions extends ExplainPoolOptions {
  readonly maxPixels: number;
  /** Most network rows that one request may cost. */
  readonly maxRuns: number;
  /** Bound for the weights of loaded models. */
  readonly modelMemoryBytes: number;
  /** Milliseconds from now until the checksums of the tensor store are verified. */
  readonly checkDelayMs: number;
  readonly onCheck: (event: CheckEvent) => void;
  /** Hears of every use of a model that ends because its files cannot be imported. */
  readonly onModelFailed: (model: RegisteredModel) => void;
}

/** Opens the tensor store and starts the worker processes. */
export async function openExplanationService(options: ServiceOptions): Promise<ExplanationService> {
  const store = await TensorStore.open(options.cacheDir);
  await store.evict(options.cacheDiskBytes);
  const loads = new LiveLoads();
  const explain = new ExplainPool(options, loads);
  const ingest = new IngestPool(options);
  const models = new Models(explain, loads, options.modelMemoryBytes, options.onModelFailed);
  const check = new StoreCheck(store, models, options.onCheck);
  check.startIn(options.checkDelayMs);
  return new Service({ models, explain, ingest, check }, options);
}

interface Parts {
  readonly models: Models;
  readonly explain: ExplainPool;
  readonly ingest: IngestPool;
  readonly check: StoreCheck;
}

class Service implements ExplanationService {
  private readonly models: Models;
  private readonly explainPool: ExplainPool;
  private readonly ingestPool: IngestPool;
  private readonly check: StoreCheck;
  private readonly maxRuns: number;
  private readonly timeoutMs: number;

  constructor({ models, explain, ingest, check }: Parts, { maxRuns, timeoutMs }: ServiceOptions) {
    this.models = models;
    this.explainPool = explain;
    this.ingestPool = ingest;
    this.check = check;
    this.maxRuns = maxRuns;
    this.timeoutMs = timeoutMs;
  }

  explain(command: ExplainCommand, signal: AbortSignal): Promise<Explanation> {
    return this.withInput(command, signal, (loaded, seen, until) => this.explainSeen(command, loaded, seen, until));
  }

  predict(command: PredictCommand, signal: AbortSignal): Promise<Predicted> {
    return this.withInput({ ...command, picture: false }, signal, (loaded, seen, until) =>
      this.predictSeen(command, loaded, seen, until),
    );
  }

  /** Loads the model and decodes the input at the same time. */
  private withInput<Result>(
    command: InputCommand,
    signal: AbortSignal,
    work: (loaded: LoadedModel, seen: Seen, until: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    return withinDeadline(command.timeoutMs ?? this.timeoutMs, signal, (until) => {
      const seen = this.see(command, until);
      // Awaited below; the model may fail first.
      seen.catch(() => undefined);
      return this.models.use(command.model, async (loaded) => work(loaded, await seen, until));
    });
  }

  private async predictSeen(
    { admit }: PredictCommand,
    loaded: LoadedModel,
    { input, decodeMs }: Seen,
    signal: AbortSignal,
  ): Promise<Predicted> {
    const { outputs } = loaded;
    const focus = { unit: null, layer: null };
    const plan = loaded.plan(PREDICT, {}, focus);
    const rows = this.rowsOf(plan, PREDICT, input);
    await admit?.(rows);
    const target = outputs.rowOf(0).fill(0);
    const run = await this.explainPool.run(
      loaded,
      plan,
      { method: PREDICT, options: {}, focus, input, summed: false, target },
      signal,
    );
    if (!hasFiniteValues(run)) throw nonFinite(PREDICT, loaded.registered.manifest.name);
    return { ...factsOf(run, loaded, decodeMs), items: predictionsOf(run, outputs) };
  }

  private async explainSeen(
    command: ExplainCommand,
    loaded: LoadedModel,
    seen: Seen,
    signal: AbortSignal,
  ): Promise<Explanation> {
    const { method, options, summed = false, timeoutMs, admit } = command;
    const { network, outputs } = loaded;
    const target = resolveTarget(command.target, outputs, network);
    const focus = { unit: target.unit, layer: layerOf(command, target, network) };
    const plan = loaded.plan(method, options, focus);
    checkBox(seen.input, plan, loaded.registered);
    const cost = this.rowsOf(plan, method, seen.input);
    await admit?.(cost);
    const request = { method, options, focus, input: seen.input, summed, target: target.row, timeoutMs };
    const run = await this.explainPool.run(loaded, plan, request, signal);
    const { rows } = run;
    const relevanceShape = [rows, ...plan.relevanceShape];
    if (!hasFiniteValues(run)) throw nonFinite(method, loaded.registered.manifest.name);
    return {
      ...factsOf(run, loaded, seen.decodeMs),
      method,
      options: plan.options,
      relevanceShape,
      relevance: arrayTensor(summed ? summedShape(relevanceShape) : relevanceShape, run.relevance),
      items: itemsOf(run, plan.conservation, outputs, target),
      picture: seen.picture,
    };
  }

  stateOf(model: RegisteredModel): ModelState {
    return this.models.stateOf(model);
  }

  networkOf(model: RegisteredModel): Promise<Network> {
    return this.models.use(model, async ({ network }) => network);
  }

  async decode(model: RegisteredModel, bytes: Uint8Array, signal: AbortSignal): Promise<ArrayTensor> {
    const { pixels } = await this.ingestPool.decode(model, bytes, signal);
    return inputTensor(rowsOfPixels(pixels), model);
  }

  async describe(model: RegisteredModel): Promise<ModelDescription> {
    return this.inTime(() => describeModel(this.models, model));
  }

  async exportOnnx(
    model: RegisteredModel,
    method: MethodName,
    options: Readonly<Record<string, unknown>>,
  ): Promise<Uint8Array> {
    return this.inTime(() =>
      this.models.use(model, async (loaded) => {
        loaded.plan(method, options);
        return this.explainPool.exportOnnx(loaded, method, options);
      }),
    );
  }

  async filters(model: RegisteredModel, layer: string): Promise<ArrayTensor> {
    return this.inTime(() =>
      this.models.use(model, async (loaded) => {
        const { index, shape } = filterLayer(loaded.network, layer);
        return arrayTensor(shape, await this.explainPool.weights(loaded, index));
      }),
    );
  }

  retain(models: readonly RegisteredModel[]): void {
    this.models.retain(models);
  }

  async alive(): Promise<void> {
    await Promise.all([this.explainPool.ping(), this.ingestPool.ping()]);
  }

  async close(): Promise<void> {
    await Promise.all([this.explainPool.close(), this.ingestPool.close(), this.check.stop()]);
  }

  private inTime<Result>(work: () => Promise<Result>): Promise<Result> {
    return withinDeadline(this.timeoutMs, new AbortController().signal, work);
  }

  /** Network rows that a request costs. @throws ElucidError `invalid` for more than any may cost */
  private rowsOf({ rowsPerItem }: Plan, method: PlanName, { rows: items }: InputRows): number {
    const rows = items * rowsPerItem;
    if (rows <= this.maxRuns) return rows;
    const detail = `${method} would cost ${rows} runs of the network (${items} × ${rowsPerItem}); allowed are ${this.maxRuns}`;
    throw faultAt('invalid', rowsPerItem === 1 ? '/input' : '/options', detail);
  }

  /** What the network is to see: a decoded image, or the tensor as it came. */
  private async see({ input, model, picture }: InputCommand, signal: AbortSignal): Promise<Seen> {
    if (input.kind === 'tensor') return { input: rowsOfTensor(input.tensor), picture: null, decodeMs: 0 };
    const { pixels, decodeMs } = await this.ingestPool.decode(model, input.bytes, signal);
    return { input: rowsOfPixels(pixels), picture: picture ? inColour(pixels) : null, decodeMs };
  }
}

/** What an answer says of the run as a whole. */
function factsOf(run: ExplainRun, { registered }: LoadedModel, decodeMs: number) {
  return {
    model: { name: registered.manifest.name, version: registered.manifest.version, sha256: registered.sha256 },
    engine: run.engine,
    timing_ms: { decode: decodeMs, queue: run.waitedMs, compute: run.computeMs },
    batch_size: run.batchSize,
    cached: run.cached,
  };
}

/** Pixels never leave the model's own box, which holds all that they can become. @throws ElucidError `out-of-box` */
function checkBox(input: InputRows, { requiredBox }: Plan, model: RegisteredModel): void {
  if (requiredBox === null || (requiredBox === model.box && !(input.data instanceof Float32Array))) return;
  checkInsideBox(inputTensor(input, model), requiredBox);
}

/** The layer where relevance is wanted. @throws ElucidError `invalid` for one that is unknown or behind the explained unit */
function layerOf({ layer }: ExplainCommand, { unit }: ResolvedTarget, network: Network): number | null {
  if (layer === undefined) return null;
  const index = layerIndex(layer, network, '/layer');
  if (index <= (unit ?? network.output)) return index;
  throw faultAt('invalid', '/layer', `layer ${layer} must not lie behind the layer of the explained unit`);
}

type InputCommand = Pick<ExplainCommand, 'model' | 'input' | 'picture' | 'timeoutMs'>;

interface Seen {
  readonly input: InputRows;
  readonly picture: Picture | null;
  readonly decodeMs: number;
}

function hasFiniteValues({ totals, scores, report }: ExplainRun): boolean {
  return [totals, scores, report].every(allFinite);
}

function nonFinite(method: PlanName, model: string): ElucidError {
  const hint = 'the input, ε or another number may be too extreme for float32';
  return new ElucidError('non-finite', `${method} on ${model} gave a result that is not finite; ${hint}`);
}
