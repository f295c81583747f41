import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withService } from '../../bench/runningService.ts';
import { COMPOSITE_PRESETS } from '../../schemas/rules.ts';
import { type Explained, explain, inputCell, type Question } from './explanation.ts';
import { type Cell, drawGrid, type Grid } from './grid.ts';

const DIGITS = [3, 4, 7];

/** The methods of the first figure, with what stands below their maps. */
const METHODS: readonly (Question & { title: string; caption: (explained: Explained) => string })[] = [
  { title: 'sensitivity', method: 'sensitivity', caption: () => '' },
  { title: 'gradient x input', method: 'gradient-times-input', caption: ({ sum }) => `sum ${sum.toFixed(1)}` },
  { title: 'deep Taylor', method: 'deep-taylor', caption: ({ sum }) => `sum ${sum.toFixed(1)}` },
];

/** Digits, and why the network sees them, by three methods. */
async function digits(url: string): Promise<Grid> {
  const rows = DIGITS.map(async (digit): Promise<Cell[]> => {
    const explained = await Promise.all(METHODS.map(({ method }) => explain(url, digit, { method })));
    const [{ score } = { score: Number.NaN }] = explained;
    const maps = METHODS.flatMap(({ caption }, column) => {
      const cell = explained[column];
      return cell === undefined ? [] : [{ picture: cell.picture, caption: caption(cell) }];
    });
    return [await inputCell(digit, `score ${score.toFixed(1)}`), ...maps];
  });
  return { titles: ['input', ...METHODS.map(({ title }) => title)], rows: await Promise.all(rows) };
}

/** The digit of the second figure, and what it could be taken for. */
const DIGIT = 4;
const RIVAL = 9;

/** One digit: every preset of LRP, and what speaks for it rather than for its rival. */
async function presets(url: string): Promise<Grid> {
  const questions: readonly (Question & { title: string })[] = [
    ...COMPOSITE_PRESETS.map((composite) => ({ title: composite, method: 'lrp', options: { composite } })),
    {
      title: `epsilon-plus: why ${DIGIT} and not ${RIVAL}`,
      method: 'lrp',
      options: { composite: 'epsilon-plus' },
      target: { weights: { [DIGIT]: 1, [RIVAL]: -1 } },
    },
  ];
  const maps = questions.map(async ({ title, ...question }): Promise<Cell> => {
    const { picture } = await explain(url, DIGIT, question);
    return { picture, caption: title };
  });
  const cells = [await inputCell(DIGIT, 'input'), ...(await Promise.all(maps))];
  const rows = [];
  for (let first = 0; first < cells.length; first += 4) rows.push(cells.slice(first, first + 4));
  return { titles: [], rows };
}

/** By real requests to the built service. */
await withService(async ({ url }) => {
  await writeFile(join(import.meta.dirname, 'digits.png'), await drawGrid(await digits(url)));
  await writeFile(join(import.meta.dirname, 'presets.png'), await drawGrid(await presets(url)));
});
