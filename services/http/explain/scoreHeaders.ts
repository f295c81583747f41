import type { Explanation, ItemExplanation } from '../../compute/explanation.ts';
import type { ExplanationType } from './negotiation.ts';

/** The scores that travel in headers with binary answers; null where an item has no such value. */
const SCORES: Readonly<Record<string, (item: ItemExplanation) => string | number | null>> = {
  'x-prediction': ({ prediction }) => prediction.index,
  'x-prediction-label': ({ prediction }) => (prediction.label === null ? null : percentEncoded(prediction.label)),
  'x-target': ({ target }) => target.index,
  'x-score': ({ target }) => target.score,
  'x-relevance-sum': ({ relevance }) => relevance.sum,
  'x-conservation-error': ({ conservation }) => conservation?.error ?? null,
};

/** Headers of an answer: the durations, and the scores where the body is not JSON. */
export function answerHeaders(
  explanation: Explanation,
  type: ExplanationType,
  totalMs: number,
): Readonly<Record<string, string>> {
  const scores = type === 'application/json' ? {} : scoreHeaders(explanation);
  return { ...scores, 'server-timing': serverTiming(explanation, totalMs) };
}

/** Headers of a binary answer, lists for several items; a header without any value is left out. */
function scoreHeaders({ items }: Explanation): Record<string, string> {
  const headers = Object.entries(SCORES).flatMap(([name, score]) => {
    const values = items.map(score);
    return values.every((value) => value === null) ? [] : [[name, values.map((value) => value ?? '').join(', ')]];
  });
  return Object.fromEntries(headers);
}

/** `Server-Timing`: what was known of the durations when the answer began. */
function serverTiming({ timing_ms }: Explanation, totalMs: number): string {
  return Object.entries({ ...timing_ms, total: totalMs })
    .map(([step, duration]) => `${step};dur=${duration.toFixed(2)}`)
    .join(', ');
}

/** RFC 3986, and a lone surrogate as the replacement character. */
function percentEncoded(label: string): string {
  return encodeURIComponent(Buffer.from(label).toString()).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
