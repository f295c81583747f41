import { manifestSchema } from '../../schemas/manifest.ts';
import { inputMark, inputTensor } from '../../services/compute/inputRows.ts';
import { totalsAt, totalsOf } from '../../services/compute/relevanceTotals.ts';
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
    relevance: Float32Array.from(batch.input),
    totals: totalsOf(Float32Array.from(batch.input), 3),
    scores: batch.target,
    explained: Float32Array.of(1, 2, 3),
    report: new Float32Array(),
  };
  const own = splitRows(results, [2, 1]);
  expect(own.map(({ relevance }) => [...relevance])).toEqual([
    [1, 2, 3, 4],
    [5, 6],
  ]);
  expect(own.map(({ totals }) => totalsAt(totals, 0))).toEqual([
    { sum: 3, min: 1, max: 2 },
    { sum: 11, min: 5, max: 6 },
  ]);
  expect(joinRows(own)).toEqual(results);
});

test('pixels stay pixels until they are beside the network', () => {
  const pixels = [Uint8Array.of(0, 51), Uint8Array.of(102, 255)];
  const manifest = manifestSchema.parse({
    name: 'two-pixels',
    version: '1',
    format: 'onnx',
    files: { weights: { path: 'model.onnx', sha256: 'a'.repeat(64) } },
    input: { kind: 'image', shape: [1, 1, 2], preprocessing: { scale: 1 / 255 } },
    output: { kind: 'classification' },
  });
  const model = { manifest, meanImage: null };
  const parts = pixels.map((data) => ({
    rows: 1,
    input: data,
    target: Float32Array.of(1),
    parameters: new Float32Array(),
  }));
  const { rows, input: data } = joinTaskRows(parts);
  expect(inputMark({ rows, data })).toBe(inputMark({ rows: 1, data: Uint8Array.of(7, 8) }));
  expect(inputMark({ rows, data })).not.toBe(inputMark({ rows, data: new Float32Array(4) }));
  const { shape, data: values } = inputTensor({ rows, data }, model);
  expect(shape).toEqual([2, 1, 1, 2]);
  expect(values).toEqual(Float32Array.of(0, 51 / 255, 102 / 255, 1));
});
