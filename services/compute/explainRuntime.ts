import { multiplyAdds } from '../../models/cost.ts';
import { importModel } from '../../models/importers/importModel.ts';
import { isLinear, layerAt, type Network } from '../../models/network.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { channelSums } from '../../models/tensors/channelSums.ts';
import { MissingTensorError, TensorStore } from '../../models/tensors/store.ts';
import { arrayTensor } from '../../models/tensors/tensor.ts';
import { ElucidError, faultAt } from '../../schemas/errors.ts';
import type { Engine, NamedTensors } from '../engine/engine.ts';
import { storedTensors } from '../engine/folding.ts';
import { encodeOnnx } from '../engine/onnx/model.ts';
import { EXPLAIN } from '../explanation/plan.ts';
import { compilePlan, drive } from '../explanation/runPlan.ts';
import { createEngines, type Engines } from './engines.ts';
import { ExecutableCache } from './executableCache.ts';
import { executableBytes, type NetworkSize, networkSize } from './executableCost.ts';
import type { ExplainMessage, ExplainReply, ExplainSetup, ExplainTask, KnownModel, TaskModel } from './explainTask.ts';
import { inputTensor } from './inputRows.ts';
import { hasEnded } from './liveLoads.ts';
import { type Planner, plannerFor } from './planner.ts';
import { totalsOf } from './relevanceTotals.ts';
import { Turns } from './turns.ts';

/** How often a task starts again when files of the store disappear under it. */
const ATTEMPTS = 5;

type ModelTask = Exclude<ExplainTask, { kind: 'ping' }>;

interface LoadedModel {
  readonly load: number;
  readonly registered: RegisteredModel;
  readonly network: Network;
  readonly plan: Planner;
  readonly engine: Engine;
  readonly size: NetworkSize;
}

/** What lives in an `explain` process: loaded models, engines and compiled explanations. */
export class ExplainRuntime {
  private readonly store: TensorStore;
  private readonly engines: Engines;
  private readonly executables: ExecutableCache;
  private readonly models = new Map<number, Promise<LoadedModel>>();
  private readonly turns = new Turns();
  private readonly limits: Pick<ExplainSetup, 'cacheDiskBytes' | 'maxBatch' | 'timeoutMs'>;

  private constructor(store: TensorStore, engines: Engines, setup: ExplainSetup) {
    this.store = store;
    this.engines = engines;
    this.executables = new ExecutableCache(setup.cacheBytes);
    this.limits = setup;
  }

  static async open(setup: ExplainSetup): Promise<ExplainRuntime> {
    const store = await TensorStore.open(setup.cacheDir);
    return new ExplainRuntime(store, await createEngines(setup, store), setup);
  }

  /** @throws ElucidError what is to be told to the client */
  async handle({ task, loads }: ExplainMessage): Promise<ExplainReply> {
    const own = task.kind === 'ping' ? null : task.model.load;
    for (const load of this.models.keys()) if (load !== own && hasEnded(load, loads)) this.forget(load);
    if (task.kind === 'ping') return { kind: 'pong', engine: this.engines.for(0).name };
    for (let attempt = 1; ; attempt += 1) {
      const learning = this.learn(task.model);
      if (learning === null) return { kind: 'model-unknown' };
      try {
        return await this.perform(await learning, task);
      } catch (error) {
        if (!(error instanceof MissingTensorError)) throw error;
        // Files of the store were deleted: what is loaded of the model is made anew from its own files.
        if (this.models.get(task.model.load) === learning) this.forget(task.model.load);
        if (attempt === ATTEMPTS) throw new ElucidError('model-failed', `${error.message}, again and again`);
      }
    }
  }

  private async perform(model: LoadedModel, task: ModelTask): Promise<ExplainReply> {
    if (task.kind === 'load') {
      const { network, engine, size } = model;
      return { kind: 'loaded', network, weightBytes: size.weightBytes, mapped: engine.mapsConstants };
    }
    if (task.kind === 'export') return this.exportGraph(model, task);
    if (task.kind === 'weights') return this.readWeights(model, task.layer);
    return this.explain(model, task);
  }

  private forget(load: number): void {
    this.models.delete(load);
    void this.executables.clear(`${load} `);
  }

  /** The model of a task; null when this process has to be told about it. */
  private learn({ load, known }: TaskModel): Promise<LoadedModel> | null {
    const loaded = this.models.get(load);
    if (loaded !== undefined || known === null) return loaded ?? null;
    const learning = this.read(load, known);
    this.models.set(load, learning);
    learning.catch(() => {
      if (this.models.get(load) === learning) this.models.delete(load);
    });
    return learning;
  }

  private async read(load: number, { registered, mean }: KnownModel): Promise<LoadedModel> {
    const network = await importModel(registered, this.store);
    const engine = this.engines.for(multiplyAdds(network));
    return {
      load,
      registered,
      network,
      plan: plannerFor({ network, box: registered.box, mean }),
      engine,
      size: networkSize(network),
    };
  }

  private async explain(model: LoadedModel, task: Extract<ExplainTask, { kind: 'explain' }>): Promise<ExplainReply> {
    const { network, engine } = model;
    const plan = model.plan(task.method, task.options, task.focus);
    if (plan.key !== task.key) throw new Error(`the plan's key is ${plan.key}, the task's ${task.key}`);
    const compile = async () => {
      const executables = await compilePlan(engine, plan, network.id);
      await this.store.evict(this.limits.cacheDiskBytes);
      return executables;
    };
    const { rows } = task;
    const input = {
      input: inputTensor({ rows, data: task.input }, model.registered),
      target: arrayTensor([rows, task.target.length / rows], task.target),
      parameters: plan.parameters.length === 0 ? null : arrayTensor([rows, plan.parameters.length], task.parameters),
    };
    const { maxBatch } = this.limits;
    const timeoutMs = task.timeoutMs ?? this.limits.timeoutMs;
    const largest = Math.min(rows * plan.rowsPerItem, maxBatch);
    const bytes = executableBytes(model.size, largest, engine.mapsConstants);
    return this.executables.use(`${model.load} ${plan.key}`, bytes, compile, async (executables, cached) => {
      let computeMs = 0;
      const deadline = performance.now() + timeoutMs;
      const turn = (work: () => Promise<NamedTensors>) =>
        this.turns.take(async () => {
          const started = performance.now();
          if (started > deadline) throw new ElucidError('deadline', `no result within ${timeoutMs} ms`);
          const result = await work();
          computeMs += performance.now() - started;
          return result;
        });
      const results = await drive(plan, executables, input, { maxBatch, turn });
      const data = (name: string) => results[name]?.data ?? new Float32Array();
      // A prediction has none.
      const whole = results['relevance'] ?? arrayTensor([0], new Float32Array());
      return {
        kind: 'explained',
        engine: engine.name,
        computeMs,
        cached,
        relevance: (task.summed ? channelSums(whole) : whole).data,
        totals: totalsOf(whole.data, rows),
        scores: data('scores'),
        explained: data('explained'),
        report: data('report'),
      };
    });
  }

  private async readWeights({ network }: LoadedModel, index: number): Promise<ExplainReply> {
    const layer = layerAt(network, index);
    if (!isLinear(layer)) throw new TypeError(`${layer.name} is a ${layer.type}: it has no weights`);
    return { kind: 'weights', values: await this.store.read(layer.weight) };
  }

  /** The uncompiled graph with the raw weights inside; derived constants stay operations. */
  private async exportGraph(model: LoadedModel, task: Extract<ExplainTask, { kind: 'export' }>): Promise<ExplainReply> {
    const plan = model.plan(task.method, task.options);
    const graph = plan.graphs()[EXPLAIN];
    if (plan.rowsPerItem > 1 || graph === undefined) {
      const detail = `${task.method} takes ${plan.rowsPerItem} runs of a graph: it cannot be exported as one model`;
      throw faultAt('not-applicable', '/method', detail);
    }
    const { relevance, scores } = graph.outputs;
    if (relevance === undefined || scores === undefined) throw new Error('the graph has no relevance or scores');
    const exported = { inputs: graph.inputs, outputs: { relevance, scores } };
    const weights = new Map<string, Float32Array>();
    for (const tensor of storedTensors(exported)) weights.set(tensor.key, await this.store.read(tensor));
    const bytes = encodeOnnx(exported, ({ key }) => ({ values: weights.get(key) ?? new Float32Array() }));
    return { kind: 'exported', bytes };
  }
}
