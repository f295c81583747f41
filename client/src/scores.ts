/** The scores that travel in headers with binary answers; null where an answer has none. */
export interface Scores {
  /** Index and label of the predicted output. */
  readonly prediction: number | null;
  readonly label: string | null;
  readonly target: number | null;
  readonly score: number | null;
  readonly relevanceSum: number | null;
  readonly conservationError: number | null;
}

/** Reads the scores of an answer for one item. */
export function scoresOf(headers: Headers): Scores {
  const number = (name: string) => {
    const text = headers.get(name);
    return text === null || text === '' ? null : Number(text);
  };
  const label = headers.get('x-prediction-label');
  return {
    prediction: number('x-prediction'),
    label: label === null ? null : decodeURIComponent(label),
    target: number('x-target'),
    score: number('x-score'),
    relevanceSum: number('x-relevance-sum'),
    conservationError: number('x-conservation-error'),
  };
}
