import { setMaxListeners } from 'node:events';
import type { Network } from '../../models/network.ts';
import type { MethodName } from '../../schemas/methods.ts';
import type { Focus, Plan } from '../explanation/plan.ts';
import type { PlanName } from '../explanation/prediction.ts';
import type {
  ExplainedRows,
  ExplainMessage,
  ExplainReply,
  ExplainSetup,
  ExplainTask,
  KnownModel,
  TaskModel,
  TaskRows,
} from './explainTask.ts';
import { InFlight } from './inFlight.ts';
import { type InputRows, inputMark } from './inputRows.ts';
import type { LiveLoads } from './liveLoads.ts';
import type { LoadedModel } from './loadedModel.ts';
import { joinRows, joinTaskRows, partsOf, splitRows } from './rows.ts';
import { TaskQueue } from './taskQueue.ts';
import type { WatchOptions } from './watchdog.ts';
import { WorkerPool } from './workerPool.ts';
import { workerModule } from './workerSetup.ts';

export interface ExplainPoolOptions extends ExplainSetup {
  readonly workers: number;
  readonly maxQueue: number;
  readonly watch: WatchOptions;
}

/** Tasks that a worker holds at a time: while one runs, the next is on its way. */
const TASKS_PER_WORKER = 2;

/** What a loaded model counts at least: its structure, in every process. */
const LEAST_BYTES = 1 << 20;

/** What one request's rows gave. */
export interface ExplainRun extends ExplainedRows {
  readonly rows: number;
  readonly engine: string;
  readonly waitedMs: number;
  readonly computeMs: number;
  readonly batchSize: number;
  readonly cached: boolean;
}

/** What a request asks of a plan. */
export interface ExplainRequestRows {
  readonly method: PlanName;
  readonly options: Readonly<Record<string, unknown>>;
  readonly focus: Focus;
  readonly input: InputRows;
  readonly summed: boolean;
  /** The target's row, the same for all of N. */
  readonly target: Float32Array;
  /** Longest that it may wait and run, in milliseconds; default: as long as any request. */
  readonly timeoutMs?: number | undefined;
}

type Explained = Extract<ExplainReply, { kind: 'explained' }> & { readonly batchSize: number };
type Asked = Omit<Extract<ExplainTask, { kind: 'explain' }>, keyof TaskRows | 'model' | 'kind'> & {
  readonly model: LoadedModel;
  readonly rows: TaskRows;
};

/** The `explain` processes behind their queue: requests of one key that wait together run as one batch. */
export class ExplainPool {
  private readonly pool: WorkerPool<ExplainMessage, ExplainReply>;
  private readonly queue: TaskQueue<Asked, Explained>;
  private readonly loads: LiveLoads;
  private readonly inFlight = new InFlight();
  private readonly workers: number;
  private readonly maxBatch: number;

  constructor(options: ExplainPoolOptions, loads: LiveLoads) {
    const { engine, providers, threads, cacheDir, cacheBytes, cacheDiskBytes, maxBatch, timeoutMs } = options;
    const { workers, watch } = options;
    const setup: ExplainSetup = {
      engine,
      providers,
      threads,
      cacheDir,
      cacheBytes,
      cacheDiskBytes,
      maxBatch,
      timeoutMs,
    };
    const module = workerModule('explainWorker');
    this.loads = loads;
    this.workers = workers;
    this.maxBatch = maxBatch;
    const ping = (): ExplainMessage => ({ loads: loads.inUse(), task: { kind: 'ping' } });
    const name = 'explain';
    this.pool = new WorkerPool({ name, module, workers, tasksPerWorker: TASKS_PER_WORKER, setup, ping, watch });
    this.queue = new TaskQueue({
      slots: workers * TASKS_PER_WORKER,
      maxWaiting: options.maxQueue,
      maxRows: maxBatch,
      timeoutMs,
      run: (asked) => this.runTogether(asked),
    });
  }

  /**
   * Explains all rows of an input, in batches of at most `maxBatch`.
   * @param request.target the target's row, the same for every row
   * @throws ElucidError `queue-full`, `deadline`, `gone`, `stopping`, `worker-lost`
   */
  async run(model: LoadedModel, plan: Plan, request: ExplainRequestRows, signal: AbortSignal): Promise<ExplainRun> {
    const { method, options, focus, input, target, summed, timeoutMs } = request;
    const { rows } = input;
    const parts = partsOf({ rows, input: input.data, target, parameters: plan.parameters }, this.maxBatch);
    const key = `${model.load} ${plan.key} ${plan.settings} ${timeoutMs ?? ''} ${inputMark(input)} ${summed}`;
    // Every part listens to it: more than Node takes for usual.
    setMaxListeners(0, signal);
    const finished = await Promise.all(
      parts.map((part) =>
        this.queue.submit(
          { key: plan.key, method, options, focus, summed, model, rows: part, timeoutMs },
          { key, rows: part.rows * plan.rowsPerItem, signal, timeoutMs },
        ),
      ),
    );
    const results = finished.map(({ result }) => result);
    return {
      rows,
      ...joinRows(results),
      engine: results[0]?.engine ?? '',
      cached: results.every(({ cached }) => cached),
      computeMs: results.reduce((sum, { computeMs }) => sum + computeMs, 0),
      waitedMs: Math.max(...finished.map(({ waitedMs }) => waitedMs)),
      batchSize: Math.max(...results.map(({ batchSize }) => batchSize)),
    };
  }

  /**
   * Has a worker import the model into the tensor store.
   * @param load the number that the model gets
   * @throws ElucidError `model-failed`
   */
  async load(known: KnownModel, load: number): Promise<{ readonly network: Network; readonly memoryBytes: number }> {
    const reply = await this.inFlight.during(known.registered.id, () =>
      this.send({ kind: 'load', model: { load, known } }),
    );
    if (reply.kind !== 'loaded') throw new Error(`a worker answered ${reply.kind}`);
    const { network, weightBytes, mapped } = reply;
    return { network, memoryBytes: Math.max(LEAST_BYTES, mapped ? weightBytes : weightBytes * this.workers) };
  }

  async exportOnnx(
    model: LoadedModel,
    method: MethodName,
    options: Readonly<Record<string, unknown>>,
  ): Promise<Uint8Array> {
    const reply = await this.withModel(model, (known) => ({ kind: 'export', model: known, method, options }));
    if (reply.kind !== 'exported') throw new Error(`a worker answered ${reply.kind}`);
    return reply.bytes;
  }

  /** The values of a linear layer's weights. */
  async weights(model: LoadedModel, layer: number): Promise<Float32Array> {
    const reply = await this.withModel(model, (known) => ({ kind: 'weights', model: known, layer }));
    if (reply.kind !== 'weights') throw new Error(`a worker answered ${reply.kind}`);
    return reply.values;
  }

  /** Calls `act` at a moment when no worker has a task about a network. */
  whenIdle(id: string, act: () => void): Promise<void> {
    return this.inFlight.whenIdle(id, act);
  }

  /** Lets the workers know which loads have ended; one that starts learns of it with its first task. */
  announceLoads(): void {
    // A worker that is lost over it has forgotten everything.
    this.ping().catch(() => undefined);
  }

  async ping(): Promise<void> {
    await this.pool.ping();
  }

  async close(): Promise<void> {
    this.queue.close();
    await this.pool.close();
  }

  private async runTogether(asked: readonly Asked[]): Promise<readonly Explained[]> {
    const [first] = asked;
    if (first === undefined) return [];
    const { model, key, method, options, focus, summed, timeoutMs } = first;
    const rows = joinTaskRows(asked.map((one) => one.rows));
    const reply = await this.withModel(model, (known) => ({
      kind: 'explain',
      model: known,
      key,
      method,
      options,
      focus,
      summed,
      timeoutMs,
      ...rows,
    }));
    if (reply.kind !== 'explained') throw new Error(`a worker answered ${reply.kind}`);
    return splitRows(
      reply,
      asked.map((one) => one.rows.rows),
    ).map((part) => ({ ...reply, ...part, batchSize: rows.rows }));
  }

  /** A worker that does not know the model is told about it. */
  private withModel(
    { load, registered, mean }: LoadedModel,
    task: (model: TaskModel) => ExplainTask,
  ): Promise<ExplainReply> {
    return this.inFlight.during(registered.id, async () => {
      const reply = await this.send(task({ load, known: null }));
      return reply.kind === 'model-unknown' ? this.send(task({ load, known: { registered, mean } })) : reply;
    });
  }

  private send(task: ExplainTask): Promise<ExplainReply> {
    return this.pool.run({ loads: this.loads.inUse(), task });
  }
}
