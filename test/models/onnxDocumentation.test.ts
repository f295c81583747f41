import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ONNX_OPERATORS } from '../../models/importers/onnx/build.ts';
import { FOLDED_OPERATORS } from '../../models/importers/onnx/folding/fold.ts';

test('docs/models.md names every ONNX operator that is read', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/models.md'), 'utf8');
  const section = text.split('## Supported operators (`onnx`)')[1]?.split('\n## ')[0] ?? '';
  const words = new Set(section.match(/\w+/g));
  // Comparisons stand there under one word.
  const comparisons = ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'];
  const unnamed = [...ONNX_OPERATORS, ...FOLDED_OPERATORS].filter((name) => !words.has(name));
  expect(unnamed).toEqual(comparisons);
});
