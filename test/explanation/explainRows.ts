import type { Network } from '../../models/network.ts';
import type { TensorStore } from '../../models/tensors/store.ts';
import { type ArrayTensor, arrayTensor, sizeOf } from '../../models/tensors/tensor.ts';
import { METHOD_OPTIONS, type MethodName } from '../../schemas/methods.ts';
import type { Engine } from '../../services/engine/engine.ts';
import { planExplanation } from '../../services/explanation/methods/index.ts';
import type { Plan, Subject } from '../../services/explanation/plan.ts';
import { compilePlan, type DriveLimits, drive } from '../../services/explanation/runPlan.ts';
import { temporaryStore } from '../support/engines.ts';
import { outputCount } from './networks.ts';

/** The explanation of one row of a batch. */
export interface ExplainedRow {
  readonly relevance: Float32Array;
  readonly scores: Float32Array;
  /** The explained value; NaN where the plan does not give it. */
  readonly explained: number;
  /** The first column of the report: what was put in, or the difference of two scores. */
  readonly start: number;
  readonly bias: number;
  readonly stabiliser: number;
  readonly dead: number;
  readonly dropped: number;
  /** Relevance at the output of each layer, output first. */
  readonly layers: readonly number[];
}

/** One row of a batch: the input, and the target's row; none means the predicted output. All rows have one, or none has. */
export interface Row {
  readonly x: ArrayLike<number>;
  readonly target?: ArrayLike<number>;
  /** In place of the plan's own free numbers. */
  readonly parameters?: readonly number[];
}

/** One engine with a store of its own for all tests of a block. */
export function engineOfBlock(create: (store: TensorStore) => Promise<Engine>): () => Engine {
  let engine: Engine | null = null;
  let remove: (() => Promise<void>) | null = null;
  beforeAll(async () => {
    const temporary = await temporaryStore();
    remove = temporary.remove;
    engine = await create(temporary.store);
  });
  afterAll(async () => {
    await engine?.dispose();
    await remove?.();
  });
  return () => {
    if (engine === null) throw new Error('the engine is there only while tests run');
    return engine;
  };
}

/** Options as a client writes them, planned. */
export function planned(
  subject: Pick<Subject, 'network'> & Partial<Subject>,
  method: MethodName,
  options: Record<string, unknown> = {},
): Plan {
  return planExplanation({ box: null, ...subject }, method, METHOD_OPTIONS[method].parse(options) as never);
}

/** Runs a plan, all rows in one batch. */
export async function runRows(
  engine: Engine,
  network: Network,
  plan: Plan,
  rows: readonly Row[],
  limits: DriveLimits = {},
): Promise<readonly ExplainedRow[]> {
  const width = rows[0]?.target?.length ?? outputCount(network);
  const stacked = (shape: readonly number[], values: (row: Row) => ArrayLike<number>): ArrayTensor =>
    arrayTensor([rows.length, ...shape], Float32Array.from(rows.flatMap((row) => Array.from(values(row)))));
  const input = {
    input: stacked(network.inputShape, ({ x }) => x),
    target: stacked([width], ({ target }) => target ?? new Float32Array(width)),
    parameters:
      plan.parameters.length === 0
        ? null
        : stacked([plan.parameters.length], ({ parameters }) => parameters ?? plan.parameters),
  };
  const executables = await compilePlan(engine, plan, network.id);
  const result = await drive(plan, executables, input, limits);
  await Promise.all(Object.values(executables).map((executable) => executable.dispose()));
  const rowOf = (name: string, row: number) => {
    const tensor = result[name];
    if (tensor === undefined) return new Float32Array();
    const size = sizeOf(tensor.shape.slice(1));
    return tensor.data.slice(row * size, (row + 1) * size);
  };
  return rows.map((_, row) => {
    const [start = 0, bias = 0, stabiliser = 0, dead = 0, dropped = 0, ...layers] = rowOf('report', row);
    const sums = { start, bias, stabiliser, dead, dropped, layers };
    const [explained = Number.NaN] = rowOf('explained', row);
    return { relevance: rowOf('relevance', row), scores: rowOf('scores', row), explained, ...sums };
  });
}
