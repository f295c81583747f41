import { cpus } from 'node:os';
import type { Realism } from './realism.ts';
import type { Found } from './search.ts';

/** One row of the table: prototypes of ten digits, or a control. */
export interface TableRow {
  readonly title: string;
  readonly found: Found | null;
  readonly realism: Realism;
}

export interface Timing {
  readonly model: string;
  /** Seconds of 200 steps for one digit, and for ten at once. */
  readonly one: number;
  readonly ten: number;
}

/** The results as Markdown. */
export function reportPrototypes(rows: readonly TableRow[], timings: readonly Timing[], loadBefore: number): string {
  const [cpu] = cpus();
  const table = rows.map(({ title, found, realism }) => [
    title,
    ...(found === null ? ['', '', '', ''] : foundCells(found)),
    fixed(median(realism.logOdds), 2),
    fixed(median(realism.logDensity), 0),
    fixed(median(realism.distance), 2),
  ]);
  return [
    '# Prototypes of the ten digits',
    [
      'Written by `npm run bench:prototypes -- --data DIR`, which draws `docs/figures/prototypes.png` too.',
      `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), Node ${process.version}; load average before: ${loadBefore.toFixed(1)}.`,
    ].join('\n'),
    [
      'Per row ten prototypes: the smallest p(c|x\\*), the medians of everything else. Only the log odds of `mnist-realism` rank real',
      'digits above every control; the other two measures take a blank picture for a digit, and stand beside it. `mnist-realism` has',
      'learned from ascents of these classifiers, which `simple` is, and from no picture of a density model or a generator:',
      'it may be harder on the former than on the latter.',
    ].join('\n'),
    lines(
      [
        'pictures',
        'smallest p(c\\|x\\*)',
        'log p(c\\|x\\*)',
        'steps',
        'seconds for ten',
        'log odds real / made, nats',
        'log density, nats',
        'distance to nearest digit',
      ],
      table,
    ),
    '## Time',
    'All 200 steps, without early end; the search itself, compiled before; medians of five.',
    lines(
      ['model', 'one digit', 'ten digits', 'target of one', 'target of ten'],
      timings.map(({ model, one, ten }) => [model, `${fixed(one, 2)} s`, `${fixed(ten, 2)} s`, '1.5 s', '4.5 s']),
    ),
    '',
  ].join('\n\n');
}

function foundCells({ prototypes, seconds }: Found): string[] {
  return [
    fixed(Math.min(...prototypes.map(({ probability }) => probability)), 4),
    fixed(median(prototypes.map(({ logProbability }) => logProbability)), 4),
    fixed(median(prototypes.map(({ steps }) => steps)), 0),
    fixed(seconds, 2),
  ];
}

function lines(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
}

function fixed(value: number, digits: number): string {
  return value.toFixed(digits);
}
