import { multiplyAdds, parameterCount } from '../../../models/cost.ts';
import { importModel } from '../../../models/importers/importModel.ts';
import type { Network } from '../../../models/network.ts';
import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import { MissingTensorError, TensorStore } from '../../../models/tensors/store.ts';
import { sizeOf } from '../../../models/tensors/tensor.ts';
import { planPrototype } from '../../prototype/planPrototype.ts';
import { compilePrototype, drivePrototype } from '../../prototype/runPrototype.ts';
import { SnapshotError } from '../../prototype/snapshot.ts';
import type { PrototypeSubject } from '../../prototype/subject.ts';
import { createEngines, type Engines } from '../engines.ts';
import { ExecutableCache } from '../executableCache.ts';
import type { JobTools } from '../serveJobs.ts';
import {
  PREVIEWED,
  type PrototypeReply,
  type PrototypeReport,
  type PrototypeSetup,
  type PrototypeTask,
} from './prototypeTask.ts';
import { ReportTimes } from './reportTimes.ts';
import { subjectOf } from './subjectOf.ts';

/** How often a job starts again when files of the store disappear under it, or its snapshot cannot be gone on from. */
const ATTEMPTS = 5;

const BYTES_PER_PARAMETER = 4;

/** What lives in the process of the jobs that search prototypes: engines and compiled graphs. */
export class PrototypeRuntime {
  private readonly store: TensorStore;
  private readonly engines: Engines;
  private readonly executables: ExecutableCache;
  private readonly limits: Pick<PrototypeSetup, 'maxBatch' | 'cacheDiskBytes'>;

  private constructor(store: TensorStore, engines: Engines, setup: PrototypeSetup) {
    this.store = store;
    this.engines = engines;
    this.executables = new ExecutableCache(setup.cacheBytes);
    this.limits = setup;
  }

  static async open(setup: PrototypeSetup): Promise<PrototypeRuntime> {
    const store = await TensorStore.open(setup.cacheDir);
    return new PrototypeRuntime(store, await createEngines(setup, store), setup);
  }

  /**
   * Searches prototypes to the end, or until the job is cancelled: then the last report holds a snapshot.
   * @throws ElucidError what is to be told to the client; the signal's reason
   */
  async run(task: PrototypeTask, tools: JobTools<PrototypeReport>): Promise<PrototypeReply> {
    let { saved } = task;
    const keeping: JobTools<PrototypeReport> = {
      ...tools,
      report: (report) => {
        saved = report.snapshot ?? saved;
        tools.report(report);
      },
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.attempt({ ...task, saved }, keeping);
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        if (error instanceof SnapshotError) {
          // The model was replaced since, or another version of elucid made the snapshot: the search begins again.
          saved = null;
          continue;
        }
        if (!(error instanceof MissingTensorError)) throw error;
        // Files of the store were deleted: what was compiled of them is made anew.
        await this.executables.clear();
      }
    }
  }

  private async attempt(task: PrototypeTask, { signal, report }: JobTools<PrototypeReport>): Promise<PrototypeReply> {
    const started = performance.now();
    const subject = await subjectOf(task, (model) => this.networkOf(model));
    const plan = planPrototype(subject, task.options);
    const networks = networksOf(subject);
    const engine = this.engines.for(networks.reduce((sum, network) => sum + multiplyAdds(network), 0));
    const compile = async () => {
      const executables = await compilePrototype(engine, plan, subject.network.id);
      await this.store.evict(this.limits.cacheDiskBytes);
      return executables;
    };
    const times = new ReportTimes();
    const bytes = networks.reduce((sum, network) => sum + bytesOf(network), 0);
    const key = `${task.model.fingerprint} ${plan.key}`;
    let stepped = false;
    const outcome = await this.executables.use(key, bytes, compile, (executables) =>
      drivePrototype(plan, executables, {
        maxBatch: this.limits.maxBatch,
        saved: task.saved,
        turn: async (work) => {
          // Later a step ends first, so that the job can go on from it.
          if (!stepped) signal.throwIfAborted();
          const results = await work();
          // Messages, a cancel among them, come in between two runs.
          await new Promise(setImmediate);
          return results;
        },
        onStep: (step) => {
          stepped = true;
          const due = times.due(signal.aborted);
          if (!due.progress) return;
          report({
            progress: { step: step.step, steps: step.steps, objective: meanOf(step.objective), eta_ms: null },
            images: due.images ? step.images().slice(0, PREVIEWED * sizeOf(plan.imageShape)) : null,
            snapshot: due.snapshot ? step.snapshot() : null,
          });
          signal.throwIfAborted();
        },
      }),
    );
    return { ...outcome, engine: engine.name, options: plan.options, computeMs: performance.now() - started };
  }

  private networkOf(model: RegisteredModel): Promise<Network> {
    return importModel(model, this.store);
  }
}

function networksOf({ network, density, generator }: PrototypeSubject): readonly Network[] {
  return [network, density?.network, generator?.network].filter((one) => one !== undefined);
}

function bytesOf({ layers }: Network): number {
  return layers.reduce((sum, layer) => sum + parameterCount(layer) * BYTES_PER_PARAMETER, 0);
}

/** null where there is no number yet. */
function meanOf(values: Float64Array): number | null {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Number.isFinite(mean) ? mean : null;
}
