import type { ExplainedRows, TaskRows } from './explainTask.ts';
import type { InputData } from './inputRows.ts';

/**
 * Splits a request's rows into parts of at most `most`; every row gets the same target and free numbers.
 * @param request `input` holds all rows; `target` and `parameters` one row's
 */
export function partsOf(
  request: { rows: number; input: InputData; target: Float32Array; parameters: readonly number[] },
  most: number,
): readonly TaskRows[] {
  const { rows, input, target, parameters } = request;
  const size = input.length / rows;
  const parts: TaskRows[] = [];
  for (let from = 0; from < rows; from += most) {
    const count = Math.min(most, rows - from);
    parts.push({
      rows: count,
      input: input.subarray(from * size, (from + count) * size),
      target: repeat(target, count),
      parameters: repeat(parameters, count),
    });
  }
  return parts;
}

/** The rows of several tasks as one batch. */
export function joinTaskRows(parts: readonly TaskRows[]): TaskRows {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  return {
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
    input: concatenateInputs(parts.map(({ input }) => input)),
    target: concatenate(parts.map(({ target }) => target)),
    parameters: concatenate(parts.map(({ parameters }) => parameters)),
  };
}

/** The results of a batch, cut into what belongs to each task. */
export function splitRows(results: ExplainedRows, counts: readonly number[]): readonly ExplainedRows[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let from = 0;
  return counts.map((count) => {
    const cut = <Values extends Float32Array | Float64Array>(values: Values) => {
      const size = values.length / total;
      return values.subarray(from * size, (from + count) * size) as Values;
    };
    const { relevance, totals, scores, explained, report } = results;
    const part = {
      relevance: cut(relevance),
      totals: cut(totals),
      scores: cut(scores),
      explained: cut(explained),
      report: cut(report),
    };
    from += count;
    return part;
  });
}

/** The results of several batches, one after the other. */
export function joinRows(parts: readonly ExplainedRows[]): ExplainedRows {
  return {
    relevance: concatenate(parts.map(({ relevance }) => relevance)),
    totals: Float64Array.from(parts.flatMap(({ totals }) => [...totals])),
    scores: concatenate(parts.map(({ scores }) => scores)),
    explained: concatenate(parts.map(({ explained }) => explained)),
    report: concatenate(parts.map(({ report }) => report)),
  };
}

function repeat(row: ArrayLike<number>, times: number): Float32Array {
  const result = new Float32Array(row.length * times);
  for (let i = 0; i < times; i += 1) result.set(row, i * row.length);
  return result;
}

/** Rows that are joined are all values, or all pixels. */
function concatenateInputs(inputs: readonly InputData[]): InputData {
  const pixels = inputs.filter((input) => input instanceof Uint8Array);
  if (pixels.length > 0) return Buffer.concat(pixels);
  return concatenate(inputs.filter((input) => input instanceof Float32Array));
}

function concatenate(arrays: readonly Float32Array[]): Float32Array {
  const [only] = arrays;
  if (only !== undefined && arrays.length === 1) return only;
  const result = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const array of arrays) {
    result.set(array, offset);
    offset += array.length;
  }
  return result;
}
