import type { Engine, Executable, NamedTensors } from '../engine/engine.ts';
import type { Plan, PlanInput } from './plan.ts';

/** The compiled graphs of a plan, by their names. */
export type Executables = Readonly<Record<string, Executable>>;

export interface DriveLimits {
  readonly maxBatch?: number;
  readonly turn?: (work: () => Promise<NamedTensors>) => Promise<NamedTensors>;
}

/** Most rows of one run, where a caller has no opinion. */
const DEFAULT_BATCH = 32;

/** Compiles all graphs of a plan. */
export async function compilePlan(engine: Engine, plan: Plan, folder: string): Promise<Executables> {
  const compiled: [string, Executable][] = [];
  for (const [name, graph] of Object.entries(plan.graphs())) compiled.push([name, await engine.compile(graph, folder)]);
  return Object.fromEntries(compiled);
}

/**
 * Runs a plan's driver to its end.
 * @param limits `maxBatch`: most rows of one run; `turn` runs one graph when it is this driver's turn, so that long drivers
 *   let others in between
 */
export async function drive(
  plan: Plan,
  executables: Executables,
  input: PlanInput,
  { maxBatch = DEFAULT_BATCH, turn = (work) => work() }: DriveLimits = {},
): Promise<NamedTensors> {
  const driver = plan.driver(input, maxBatch);
  let step = driver.next();
  while (step.done !== true) {
    const { graph, inputs } = step.value;
    const executable = executables[graph];
    if (executable === undefined) throw new RangeError(`the plan has no graph ${graph}`);
    step = driver.next(await turn(() => executable.run(inputs)));
  }
  return step.value;
}

/** Compiles, runs and disposes: for callers that explain once. */
export async function runPlan(engine: Engine, plan: Plan, folder: string, input: PlanInput): Promise<NamedTensors> {
  const executables = await compilePlan(engine, plan, folder);
  try {
    return await drive(plan, executables, input);
  } finally {
    await Promise.all(Object.values(executables).map((executable) => executable.dispose()));
  }
}
