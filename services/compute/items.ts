import type { ConservationKind } from '../explanation/plan.ts';
import { conservationOf } from './conservation.ts';
import type { ExplainRun } from './explainPool.ts';
import type { ItemExplanation, ItemPrediction } from './explanation.ts';
import type { Outputs } from './outputs.ts';
import { totalsAt } from './relevanceTotals.ts';
import type { ResolvedTarget } from './targets.ts';

/** What an answer says of every item of a run. */
export function itemsOf(
  run: ExplainRun,
  kind: ConservationKind,
  outputs: Outputs,
  target: ResolvedTarget,
): readonly ItemExplanation[] {
  const { rows } = run;
  return Array.from({ length: rows }, (_, row) => {
    const own = (values: Float32Array) => rowOf(values, row, rows);
    const scores = own(run.scores);
    const relevance = totalsAt(run.totals, row);
    const described = { ...target.describe(scores), score: run.explained[row] ?? 0 };
    const { conservation, note, layers } = conservationOf(kind, relevance.sum, own(run.report), described.score);
    const prediction = outputs.prediction(scores);
    const values = outputs.values(scores);
    return { prediction, values, target: described, relevance, conservation, note, layers };
  });
}

/** What is said of every item of a prediction. */
export function predictionsOf({ rows, scores }: ExplainRun, outputs: Outputs): readonly ItemPrediction[] {
  return Array.from({ length: rows }, (_, row) => {
    const own = rowOf(scores, row, rows);
    return { prediction: outputs.prediction(own), values: outputs.values(own), scores: outputs.scores(own) };
  });
}

function rowOf(values: Float32Array, row: number, rows: number): Float32Array {
  const size = values.length / rows;
  return values.subarray(row * size, (row + 1) * size);
}
