import type { TensorStore } from '../../models/tensors/store.ts';
import type { Engine } from '../../services/engine/engine.ts';
import { type OperationName, valuesOf } from '../../services/engine/graph.ts';
import { buildCase, relativeError, variants } from './caseGraphs.ts';
import type { Case } from './cases/case.ts';
import { elementwiseCases } from './cases/elementwise.ts';
import { shapeCases } from './cases/shapes.ts';
import { windowCases } from './cases/windows.ts';
import { enginesUnderTest, temporaryStore } from './enginesUnderTest.ts';
import { runReference } from './reference.ts';

const TOLERANCE = 1e-5;
const FOLDER = 'primitives';
const cases: readonly Case[] = [...elementwiseCases, ...windowCases, ...shapeCases];

describe.each(enginesUnderTest)('$name agrees with the definition of', ({ create }) => {
  let engine: Engine;
  let temporary: { store: TensorStore; remove: () => Promise<void> };

  beforeAll(async () => {
    temporary = await temporaryStore();
    engine = await create(temporary.store);
  });
  afterAll(async () => {
    await engine.dispose();
    await temporary.remove();
  });

  describe.each(variants)('%s:', (variant) => {
    test.each(cases)('$name', async (one) => {
      const { graph, inputs } = buildCase(one, variant);
      const executable = await engine.compile(graph, FOLDER);
      try {
        for (const batch of variant === 'only constants' ? [2] : [1, 3]) {
          const given = inputs(batch);
          const { y } = await executable.run(given);
          const { y: expected } = runReference(graph, given);
          if (expected === undefined) throw new Error('the reference has no output y');
          expect(y?.shape).toEqual(expected.shape);
          expect(relativeError(y, expected)).toBeLessThan(TOLERANCE);
        }
      } finally {
        await executable.dispose();
      }
    });
  });
});

/** Fails to compile when an operation is added and not listed here. */
const operations: { readonly [Name in OperationName]: true } = {
  input: true,
  constant: true,
  neg: true,
  abs: true,
  exp: true,
  log: true,
  sqrt: true,
  tanh: true,
  sigmoid: true,
  softplus: true,
  relu: true,
  logicalNot: true,
  add: true,
  sub: true,
  mul: true,
  div: true,
  pow: true,
  maximum: true,
  minimum: true,
  equal: true,
  greater: true,
  greaterEqual: true,
  logicalAnd: true,
  where: true,
  matMul: true,
  conv2d: true,
  conv2dTranspose: true,
  maxPool2d: true,
  maxPool2dBackward: true,
  avgPool2d: true,
  avgPool2dBackward: true,
  reduceSum: true,
  reduceMax: true,
  oneHotMax: true,
  softmax: true,
  reshape: true,
  transpose: true,
  concat: true,
  slice: true,
  pad: true,
  reverse: true,
};

test('every operation is covered by a case', () => {
  const covered = new Set(
    cases.flatMap((one) =>
      variants.flatMap((variant) => valuesOf(buildCase(one, variant).graph).map((value) => value.operation.name)),
    ),
  );
  expect(Object.keys(operations).filter((name) => ![...covered].some((one) => one === name))).toEqual([]);
});
