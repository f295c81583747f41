import { cpus, totalmem } from 'node:os';
import type { BigMeasurements } from './measureBig.ts';

/** What the service may add to the bare engine: decoding, drawing, HTTP. */
const allowed = (bare: number) => 1.1 * bare + 12;

/** The results as Markdown. */
export function reportBig(m: BigMeasurements, circumstances: { command: string; loadBefore: number }): string {
  const [cpu] = cpus();
  const machine = `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const latencies = m.latencies.map(({ model, http, bare }) => [
    model,
    ms(bare.p50),
    ms(http.p50),
    ms(http.p95),
    ms(allowed(bare.p50)),
  ]);
  return [
    '# Big networks: a photograph, deep Taylor',
    [
      `Written by \`${circumstances.command}\`. CaffeNet and VGG-16 have random weights of their real shapes.`,
      `${machine}, Node ${process.version}, ${process.platform}/${process.arch}; load average before: ${circumstances.loadBefore.toFixed(1)}.`,
      'One client, JPEG in JSON → PNG; service and bare engine in turns, both with all cores. Times in milliseconds.',
    ].join('\n'),
    table(['model', 'bare engine, p50', 'HTTP, p50', 'HTTP, p95', 'target: bare × 1.1 + 12'], latencies),
    '## Loading and memory, CaffeNet',
    table(
      ['what', 'measured', 'target'],
      [
        ['from its definition into an empty store (`GET /models/caffenet`)', `${ms(m.loadMs)} ms`, '4000 ms'],
        ['second start, from `npm start` to its first explanation', `${ms(m.warmStartMs)} ms`, '1500 ms'],
        ['memory of all processes (PSS), five methods open', `${m.fiveMethodsPssMib.toFixed(0)} MiB`, '1.2 GB'],
        ['opening a sixth method that was compiled before', `${ms(m.sixthOpenMs)} ms`, '300 ms'],
      ],
    ),
    '',
  ].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function ms(duration: number): string {
  return duration.toFixed(1);
}
