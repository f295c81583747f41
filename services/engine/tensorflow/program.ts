import { type Graph, type Value, valuesOf } from '../graph.ts';
import { arranged, CHANNELS_LAST, canonical } from './layout.ts';
import { lower } from './lowerings.ts';
import { asHeld, keyOf } from './memory.ts';
import type { LayoutOf, Operand, Step } from './step.ts';

/** One value of a program. */
export interface Instruction {
  readonly value: Value;
  /** Computes the value; null for what is given, inputs and constants. */
  readonly step: Step | null;
  /** Forms of a constant that runs want, made as soon as the constant is there. */
  readonly forms: readonly Operand[];
  /** Keys of the tensors that nothing needs afterwards. */
  readonly release: readonly string[];
}

/** A graph as two straight programs: what depends on constants only, computed once, and the rest, computed per run. */
export interface Program {
  readonly layoutOf: LayoutOf;
  readonly constants: readonly Instruction[];
  readonly steps: readonly Instruction[];
  /** The graph's outputs, with their axes in the graph's order. */
  readonly outputs: ReadonlyMap<string, Operand>;
}

/** Plans a graph. @throws EngineError when the engine has no such operation */
export function planProgram(graph: Graph): Program {
  const values = valuesOf(graph);
  const runtime = dependentOnInputs(values);
  const layoutOf: LayoutOf = (value) =>
    runtime.has(value) && value.shape.length === 4 ? CHANNELS_LAST : canonical(value.shape.length);
  const steps = new Map(values.map((value) => [value, isGiven(value) ? null : lower(value, layoutOf)]));
  const outputs = new Map(Object.entries(graph.outputs).map(([name, value]) => [name, asWritten(value)]));
  const perRun = values.filter((value) => runtime.has(value));
  const wantedByRuns = [...perRun.flatMap((value) => steps.get(value)?.operands ?? []), ...outputs.values()];
  const instruction = (value: Value): Instruction => ({
    value,
    step: steps.get(value) ?? null,
    forms: runtime.has(value) ? [] : wantedByRuns.filter((operand) => operand.value === value),
    release: [],
  });
  const constants = values.filter((value) => !runtime.has(value)).map(instruction);
  const constantForms = constants.flatMap(({ forms }) => forms.map(keyOf));
  const outputForms = [...outputs.values()].flatMap((operand) => keysBehind(operand, layoutOf));
  return {
    layoutOf,
    outputs,
    constants: withReleases(constants, constantForms, layoutOf),
    steps: withReleases(perRun.map(instruction), outputForms, layoutOf),
  };
}

function isGiven({ operation }: Value): boolean {
  return operation.name === 'input' || operation.name === 'constant';
}

function asWritten(value: Value): Operand {
  return { value, form: arranged(canonical(value.shape.length)) };
}

function dependentOnInputs(values: readonly Value[]): ReadonlySet<Value> {
  const dependent = new Set<Value>();
  for (const value of values) {
    if (value.operation.name === 'input' || value.inputs.some((input) => dependent.has(input))) dependent.add(value);
  }
  return dependent;
}

/** The tensors that taking an operand needs: the form itself, and the value that it is made from. */
function keysBehind(operand: Operand, layoutOf: LayoutOf): readonly string[] {
  return [keyOf(operand), keyOf(asHeld(operand.value, layoutOf))];
}

/** Lets every instruction release what no later one needs, except the keys to keep. */
function withReleases(
  instructions: readonly Instruction[],
  keep: readonly string[],
  layoutOf: LayoutOf,
): readonly Instruction[] {
  const needed = new Set(keep);
  const backwards = instructions.toReversed().map((instruction) => {
    const own = asHeld(instruction.value, layoutOf);
    const operands = [own, ...instruction.forms, ...(instruction.step?.operands ?? [])];
    const keys = new Set(operands.flatMap((operand) => keysBehind(operand, layoutOf)));
    const release = [...keys].filter((key) => !needed.has(key));
    for (const key of release) needed.add(key);
    return { ...instruction, release };
  });
  return backwards.reverse();
}
