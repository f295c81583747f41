import { joinRows, joinTaskRows, partsOf, splitRows } from '../../services/compute/rows.ts';

const input = Float32Array.of(1, 2, 3, 4, 5, 6);

test('rows are cut into parts, each with the target and the numbers of every row', () => {
  const parts = partsOf({ rows: 3, input, target: Float32Array.of(0, 1), parameters: [7] }, 2);
  expect(parts).toEqual([
    { rows: 2, input: input.slice(0, 4), target: Float32Array.of(0, 1, 0, 1), parameters: Float32Array.of(7, 7) },
    { rows: 1, input: input.slice(4), target: Float32Array.of(0, 1), parameters: Float32Array.of(7) },
  ]);
});

test('what is joined for a batch comes back to each task as if it had run alone', () => {
  const parts = partsOf({ rows: 3, input, target: Float32Array.of(0, 1), parameters: [] }, 2);
  const batch = joinTaskRows(parts);
  expect(batch).toMatchObject({ rows: 3, input });
  const results = {
    relevance: batch.input,
    scores: batch.target,
    explained: Float32Array.of(1, 2, 3),
    report: new Float32Array(),
  };
  const own = splitRows(results, [2, 1]);
  expect(own.map(({ relevance }) => [...relevance])).toEqual([
    [1, 2, 3, 4],
    [5, 6],
  ]);
  expect(joinRows(own)).toEqual(results);
});
