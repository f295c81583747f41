import type { MethodName } from '../../schemas/methods.ts';
import type { Graph } from '../engine/graph.ts';
import { openFrame, subjectKey } from './frame.ts';
import { NO_DECOMPOSITION } from './methods/gradients.ts';
import { EXPLAIN, type Plan, runOnce, type Subject } from './plan.ts';

/** The plan that explains nothing: it is no method, and clients cannot ask for it as one. */
export const PREDICT = 'predict';

/** All that can be planned: every method, and the prediction alone. */
export type PlanName = MethodName | typeof PREDICT;

/** The forward pass alone, whoever runs it: the key, and the graphs of a plan. */
export function forwardOnly(subject: Subject): Pick<Plan, 'key' | 'graphs'> {
  return { key: `forward ${subjectKey(subject)}`, graphs: () => ({ [EXPLAIN]: forwardGraph(subject) }) };
}

/** The scores f(x) without any relevance: `scores` [N, outputs], `explained` [N]; one run per item. */
export function planPrediction(subject: Subject): Plan {
  return {
    ...forwardOnly(subject),
    settings: PREDICT,
    options: {},
    parameters: [],
    relevanceShape: [],
    conservation: NO_DECOMPOSITION,
    requiredBox: null,
    rowsPerItem: 1,
    driver: runOnce,
  };
}

function forwardGraph(subject: Subject): Graph {
  const { g, scores, explained, resolved } = openFrame(subject);
  return g.build({ scores, explained, resolved });
}
