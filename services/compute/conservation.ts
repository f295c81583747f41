import type { ConservationKind } from '../explanation/plan.ts';
import type { Conservation, LayerRelevance } from './explanation.ts';

/** The conservation report of one item. */
export interface ConservationReport {
  readonly conservation: Conservation | null;
  readonly note: string | null;
  readonly layers: readonly LayerRelevance[] | null;
}

/**
 * How far the relevance of one item adds up, and where the rest went.
 * @param relevanceSum Σ R over the input
 * @param report the item's row of the plan's report; empty when it has none
 * @param score the explained score
 */
export function conservationOf(
  kind: ConservationKind,
  relevanceSum: number,
  report: Float32Array,
  score: number,
): ConservationReport {
  if (kind.kind === 'none') return { conservation: null, note: kind.note, layers: null };
  if (kind.kind === 'score') return { conservation: balance(score, relevanceSum, null), note: null, layers: null };
  if (kind.kind === 'difference') {
    return { conservation: balance(report[0] ?? 0, relevanceSum, null), note: null, layers: null };
  }
  const { columns, layers } = kind.layout;
  const [start = 0, bias = 0, stabiliser = 0, dead = 0, dropped = 0] = report;
  const absorbed = { bias, stabiliser, dead, dropped };
  return {
    conservation: balance(start, relevanceSum, absorbed),
    note: null,
    layers: layers.map((layer, i) => ({ ...layer, relevance_sum: report[columns.length + i] ?? 0 })),
  };
}

function balance(start: number, inputSum: number, absorbed: Conservation['absorbed']): Conservation {
  const error = inputSum - start;
  return {
    start,
    input_sum: inputSum,
    error,
    relative_error: start === 0 ? null : Math.abs(error) / Math.abs(start),
    absorbed,
  };
}
