import { cpus, totalmem } from 'node:os';
import { FIRST_WARMUP, type Measurements } from './measure.ts';
import { CONNECTIONS } from './throughput.ts';

export interface Circumstances {
  readonly command: string;
  /** Load average of the last minute before the benchmark; far above 0 means that the machine was not quiet. */
  readonly loadBefore: number;
}

/** The results as Markdown. */
export function report(m: Measurements, circumstances: Circumstances): string {
  return [
    '# One 28×28 digit, deep Taylor on mnist-cnn',
    introduction(m, circumstances),
    '## Latency, one client',
    latencies(m),
    '## Where the time goes',
    stages(m),
    `## Throughput, ${CONNECTIONS} clients`,
    loads(m),
    '## Start and memory',
    startAndMemory(m),
    '',
  ].join('\n\n');
}

function introduction({ times }: Measurements, { command, loadBefore }: Circumstances): string {
  const [cpu] = cpus();
  const machine = `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
  return [
    `Written by \`${command}\`; medians and quantiles of ${times} requests. The service had answered ${FIRST_WARMUP} before:\nin a new process, whose code V8 has yet to compile, an answer takes up to half as long again.`,
    `${machine}, Node ${process.version}, ${process.platform}/${process.arch}; load average before: ${loadBefore.toFixed(1)}.`,
    'The client shares the cores with the service. Times in milliseconds.',
  ].join('\n');
}

function latencies({ latencies, engine }: Measurements): string {
  const targets = ['5', '2'];
  const rows = latencies.map(({ question, latency, processor }, index) => [
    question.title,
    ms(latency.p50),
    ms(latency.p95),
    ms(latency.p99),
    targets[index] ?? '',
    ms(processor.main),
    ms(processor.descendants),
  ]);
  const { p50, p95, p99 } = engine.one;
  return table(
    ['request', 'p50', 'p95', 'p99', 'target of p50, two quiet cores', 'processor: HTTP', 'processor: workers'],
    [...rows, ['the engine alone, in one process, one thread', ms(p50), ms(p95), ms(p99), '', '', '']],
  );
}

function stages({ stages }: Measurements): string {
  const rows = Array.from(stages, ([stage, duration]) => [stage, ms(duration)]);
  return `PNG in JSON, JSON with the drawn map out; the median of each line.\n\n${table(['stage', 'p50'], rows)}`;
}

function loads({ loads, engine }: Measurements): string {
  const rows = loads.map(({ question, throughput }) => [
    question.title,
    String(Math.round(throughput.perSecond)),
    ms(throughput.p50),
    ms(throughput.p99),
  ]);
  const alone = ['the engine alone, one thread, batches of 32', String(Math.round(engine.batchedPerSecond)), '', ''];
  return table(['request', 'answers per second', 'p50', 'p99'], [...rows, alone]);
}

function startAndMemory({ cold, warm, memory }: Measurements): string {
  return table(
    ['what', 'measured', 'target'],
    [
      ['start to ready, empty cache', `${Math.round(cold.readyMs)} ms`, '3000 ms'],
      ['start to ready, cache kept', `${Math.round(warm.readyMs)} ms`, '3000 ms'],
      ['first answer after that, empty cache', `${Math.round(cold.firstMs)} ms`, ''],
      ['first answer after that, cache kept', `${Math.round(warm.firstMs)} ms`, ''],
      [
        `memory after all of the above, ${memory.processes} processes (PSS)`,
        `${Math.round(memory.pssMib)} MiB`,
        '600 MB',
      ],
    ],
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function ms(duration: number): string {
  return duration.toFixed(2);
}
