import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { quantiles } from '../statistics.ts';
import type { Large } from './large.ts';
import { type Block, type Isolation, RUNNING } from './measure.ts';

export interface IsolationResults {
  readonly isolation: Isolation;
  /** null where no data was given. */
  readonly large: Large | null;
  /** Load average of the last minute before the benchmark; far above 0 means that the machine was not quiet. */
  readonly loadBefore: number;
}

/** Largest ratio of the 95th percentiles that is wanted. */
const TARGET = 2;

/** The results as Markdown. */
export function reportIsolation({ isolation, large, loadBefore }: IsolationResults): string {
  return [
    '# Explanations beside prototypes',
    introduction(isolation, loadBefore),
    `## POST /explain, one client, idle and beside ${RUNNING} searches`,
    latencies(isolation),
    '## A large network',
    large === null ? 'Not measured: `--data DIR` was not given.' : largeNetwork(large),
    '',
  ].join('\n\n');
}

function introduction({ idle, perBlock }: Isolation, loadBefore: number): string {
  const [cpu] = cpus();
  const session = sessionNiceness();
  const machine = `${availableParallelism()} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
  return [
    'Written by `npm run bench:isolation -- --data DIR`, DIR holding `caffe/deploy/`; without it the second part is left out.',
    `${machine}, Node ${process.version}; load average before: ${loadBefore.toFixed(1)}. The client shares the cores with the service.`,
    ...(session === 0
      ? []
      : [`Other sessions kept the machine busy: this one had the autogroup niceness ${session} (sched(7)).`]),
    `${idle.length} blocks of ${perBlock} requests each, idle and busy in turn. Busy: \`JOB_WORKERS=${RUNNING}\`, each searching 80 prototypes of mnist-cnn at once.`,
    'Question: deep Taylor on mnist-cnn, PNG in JSON in, JSON with the drawn map out. Medians over the blocks; times in milliseconds.',
  ].join('\n');
}

/** Of the processes of this terminal or login as a group, which Linux schedules against other groups; 0 where there is none. */
function sessionNiceness(): number {
  const path = '/proc/self/autogroup';
  const [, niceness] = /nice (-?\d+)/.exec(existsSync(path) ? readFileSync(path, 'utf8') : '') ?? [];
  return Number(niceness ?? 0);
}

function latencies({ idle, busy, steps }: Isolation): string {
  const over = (blocks: readonly Block[], of: (block: Block) => number) => quantiles(blocks.map(of)).p50;
  const ratioOf = (of: (block: Block) => number) =>
    quantiles(idle.map((block, i) => of(busy[i] ?? block) / of(block))).p50;
  const row = (name: string, of: (block: Block) => number, target: string) =>
    `| ${name} | ${over(idle, of).toFixed(2)} | ${over(busy, of).toFixed(2)} | ${ratioOf(of).toFixed(2)} | ${target} |`;
  return [
    '| of a block | idle | busy | ratio | target |',
    '| --- | ---: | ---: | ---: | ---: |',
    row('p50', ({ latency }) => latency.p50, ''),
    row('p95', ({ latency }) => latency.p95, `≤ ${TARGET}`),
    row('p99', ({ latency }) => latency.p99, ''),
    row('p50 of the computation alone', ({ compute }) => compute, ''),
    '',
    'The ratio is the median of the ratios of each idle block and the busy one that follows. Each search made ' +
      `${steps.asked.toFixed(1)} steps a second while the client asked, and ${steps.alone.toFixed(1)} while it did not.`,
  ].join('\n');
}

function largeNetwork({ steps, firstSeconds, secondsPerStep, memory, reports, cancelMs }: Large): string {
  return [
    `CaffeNet (the published definition, weights at random), one prototype by \`simple\`, ${steps} steps at 227 × 227, one thread.`,
    '',
    '| what | measured |',
    '| --- | ---: |',
    `| first search, from the request to its end: weights are made, the graph is compiled | ${firstSeconds.toFixed(1)} s |`,
    `| a step of the next search | ${secondsPerStep.toFixed(3)} s |`,
    `| memory of all processes (PSS), before the first search | ${memory.before.toFixed(0)} MiB |`,
    `| largest memory of all processes during the searches | ${memory.peak.toFixed(0)} MiB |`,
    `| different steps that GET /jobs/{id} told of, asked every 20 ms | ${reports} |`,
    `| from the cancel of a running search to the end of a small one that waited for its process | ${cancelMs.toFixed(0)} ms |`,
  ].join('\n');
}
