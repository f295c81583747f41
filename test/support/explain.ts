import type { Network } from '../../models/network.ts';
import type { Box } from '../../models/preprocessing/pixels.ts';
import { type ArrayTensor, arrayTensor } from '../../models/tensors/tensor.ts';
import { METHOD_OPTIONS, type MethodName } from '../../schemas/methods.ts';
import type { Engine, NamedTensors } from '../../services/engine/engine.ts';
import { planExplanation } from '../../services/explanation/methods/index.ts';
import type { Plan } from '../../services/explanation/plan.ts';
import { runPlan } from '../../services/explanation/runPlan.ts';
import { outputsOf } from '../../services/explanation/target.ts';

export interface Explained {
  readonly plan: Plan;
  readonly outputs: NamedTensors;
}

/** Plans, compiles and runs an explanation; targets are output indices, or null for the predicted one. */
export async function explain(
  engine: Engine,
  subject: { network: Network; box: Box | null },
  method: MethodName,
  options: Record<string, unknown>,
  input: ArrayTensor,
  targets: readonly (number | null)[],
): Promise<Explained> {
  const plan = planExplanation(subject, method, METHOD_OPTIONS[method].parse(options) as never);
  const outputs = outputsOf(subject.network);
  const target = new Float32Array(targets.length * outputs);
  targets.forEach((index, row) => {
    if (index !== null) target[row * outputs + index] = 1;
  });
  const result = await runPlan(engine, plan, subject.network.id, {
    input,
    target: arrayTensor([targets.length, outputs], target),
    parameters: repeated(plan.parameters, targets.length),
  });
  return { plan, outputs: result };
}

function repeated(row: readonly number[], times: number): ArrayTensor | null {
  if (row.length === 0) return null;
  const data = Float32Array.from({ length: row.length * times }, (_, i) => row[i % row.length] ?? 0);
  return arrayTensor([times, row.length], data);
}
