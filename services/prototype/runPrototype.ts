import type { Engine, NamedTensors } from '../engine/engine.ts';
import type { Executables } from '../explanation/runPlan.ts';
import { isReport, type PrototypeOutcome, type PrototypePlan, type StepReport } from './plan.ts';

export interface PrototypeLimits {
  /** Most rows of one run. */
  readonly maxBatch?: number;
  /** A snapshot to continue from. */
  readonly saved?: Uint8Array | null;
  /** Runs one graph when it is this driver's turn. */
  readonly turn?: (work: () => Promise<NamedTensors>) => Promise<NamedTensors>;
  /** Hears of every step; what it throws ends the search. */
  readonly onStep?: (report: StepReport) => void;
}

const DEFAULT_BATCH = 32;

/** Compiles all graphs of a plan. @param folder of the subject's network in the tensor store */
export async function compilePrototype(engine: Engine, plan: PrototypePlan, folder: string): Promise<Executables> {
  const compiled = [];
  for (const [name, graph] of Object.entries(plan.graphs())) {
    compiled.push([name, await engine.compile(graph, folder)] as const);
  }
  return Object.fromEntries(compiled);
}

/** Runs a plan's driver to its end. */
export async function drivePrototype(
  plan: PrototypePlan,
  executables: Executables,
  { maxBatch = DEFAULT_BATCH, saved = null, turn = (work) => work(), onStep }: PrototypeLimits = {},
): Promise<PrototypeOutcome> {
  const driver = plan.driver(saved, maxBatch);
  let event = driver.next();
  while (event.done !== true) {
    const { value } = event;
    if (isReport(value)) {
      onStep?.(value);
      event = driver.next({});
      continue;
    }
    const executable = executables[value.graph];
    if (executable === undefined) throw new RangeError(`the plan has no graph ${value.graph}`);
    event = driver.next(await turn(() => executable.run(value.inputs)));
  }
  return event.value;
}
