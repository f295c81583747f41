import type { Tally } from './tally.ts';

/** The counts of all kinds of requests as a table. */
export function tableOf({ kinds }: Tally): string {
  const head = ['request', 'asked', 'right', '503', 'wrong', 'lost', 'slowest ms'];
  const rows = [...kinds].map(([kind, { asked, right, refused, wrong, lost, slowestMs }]) => [
    kind,
    ...[asked, right].map(String),
    [...refused].map(([code, count]) => `${count} ${code}`).join(', ') || '0',
    ...[wrong, lost, Math.round(slowestMs)].map(String),
  ]);
  const widths = head.map((title, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0), title.length),
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** One condition, and what was found. */
export interface Condition {
  readonly condition: string;
  readonly found: string;
  readonly holds: boolean;
}

export function verdictOf(conditions: readonly Condition[]): string {
  return conditions
    .map(({ condition, found, holds }) => `${holds ? 'ok  ' : 'FAIL'} ${condition}: ${found}`)
    .join('\n');
}
