import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type BuiltService, type Memory, startBuilt } from './builtService.ts';
import { ask } from './http.ts';
import { signal } from './processes.ts';
import { CHANGING, type Question, writeQuestions } from './questions.ts';
import type { Reading } from './reading.ts';
import { type Condition, tableOf, verdictOf } from './report.ts';
import { storm } from './storm.ts';
import { Tally } from './tally.ts';
import { askAll, jobs, type Known, learn, learnJobs, PROTOTYPE, traffic } from './traffic.ts';
import { stayIdle } from './troubles/idle.ts';
import { fillQueue } from './troubles/queue.ts';
import { vanish } from './troubles/vanish.ts';

const USAGE = 'npm run test:faults [-- --seconds 60]: traffic and troubles for so long (20 or more)';

/** Short enough that a frozen worker is found, and a queue filled, within a minute. */
const TIMEOUT_MS = 10_000;
const SERVICE = { EXPLAIN_TIMEOUT_MS: String(TIMEOUT_MS), MAX_QUEUE: '64', CACHE_CHECK_DELAY_MS: '86400000' };

/** An answer must come that much after its deadline at most, on a machine all of whose cores are busy. */
const SLACK_MS = 5000;

const WARM_MS = 5000;
const PAUSE_MS = 2000;

/** A first storm, in seconds: what a service keeps for such weather it has got in it. */
const FIRST_S = 15;

/** How much more memory there may be afterwards. */
const GROWTH = 1.1;

/** Less than any worker needs: each is replaced as soon as it is looked at. */
const CRAMPED_BYTES = 8e6;
const CRAMPED_MS = 10_000;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, help: { type: 'boolean' } } });
const seconds = Number(values.seconds);
if (values.help === true || !(seconds >= 20)) {
  process.stdout.write(`${USAGE}\n`);
  process.exitCode = values.help === true ? 0 : 2;
} else if (process.platform !== 'linux') {
  process.stderr.write('test:faults: looks at processes as Linux shows them (/proc)\n');
  process.exitCode = 2;
} else {
  process.exitCode = await main(seconds);
}

/** Runs the service through all troubles, prints what happened, and returns the exit status. */
async function main(seconds: number): Promise<number> {
  const questions = await writeQuestions();
  const known = await learnAll(questions);
  const conditions = [...(await weather(questions, known, seconds)), ...(await cramped(questions, known))];
  process.stdout.write(`\n${verdictOf(conditions)}\n`);
  const failed = conditions.filter(({ holds }) => !holds).length;
  process.stdout.write(`\nTests: ${failed} failed, ${conditions.length - failed} passed, ${conditions.length} total\n`);
  return failed === 0 ? 0 : 1;
}

/** What a quiet service answers that runs one item at a time; of the changing model what both versions do. */
async function learnAll(questions: readonly Question[]): Promise<Known> {
  const known = new Map<string, Reading[]>();
  const service = await startBuilt({ ...SERVICE, MAX_BATCH: '1' });
  await learn(service.url, questions, known);
  await learnJobs(service.url, known);
  await service.change(true);
  await ask(service.url, { method: 'POST', path: '/admin/models/reload' });
  await learn(
    service.url,
    questions.filter(({ asked }) => asked.body?.includes(`"${CHANGING}"`)),
    known,
  );
  await service.stop();
  return known;
}

/** The storm, and what must be so after it. */
async function weather(questions: readonly Question[], known: Known, seconds: number): Promise<Condition[]> {
  const service = await startBuilt(SERVICE);
  const first = await storm({ service, questions, known, seconds: FIRST_S });
  const before = await warmMemory(service, questions, known);
  const { tally, cannon, troubles, frozen } = await storm({ service, questions, known, seconds });
  const ready = await ask(service.url, { path: '/health/ready' });
  const calm = new Tally();
  await askAll({ url: service.url, questions, known, tally: calm, clients: 1, seed: 0 });
  const after = await warmMemory(service, questions, known);
  const kinds = (await service.workers()).map(({ kind }) => kind).sort();
  const { code, left } = await service.stop();
  const errors = service.log.filter(({ level }) => Number(level) >= 50);
  process.stdout.write(
    `\n${tableOf(tally)}\n\nautocannon: ${cannon.answered} answers ${JSON.stringify(cannon.statuses)}\n`,
  );
  process.stdout.write(`${troubles.join('\n')}\n`);
  const faults = [...first.tally.faults, ...first.cannon.faults, ...tally.faults, ...calm.faults, ...cannon.faults];
  for (const fault of new Set(faults.slice(0, 40))) process.stdout.write(`  fault: ${fault}\n`);
  for (const error of errors.slice(0, 10)) process.stdout.write(`  logged: ${JSON.stringify(error)}\n`);
  const replaced = frozen.filter(({ replacedAfterMs }) => replacedAfterMs !== null).length;
  const answered = tally.sum('right');
  const jobCounts = tally.of(PROTOTYPE);
  return [
    {
      condition: 'no wrong answer',
      found: `${tally.sum('wrong')} of ${answered} differ`,
      holds: tally.sum('wrong') === 0,
    },
    {
      condition: 'no answer lost without a status',
      found: `${tally.sum('lost')} lost`,
      holds: tally.sum('lost') === 0,
    },
    { condition: 'only stated statuses', found: `${faults.length} faults`, holds: faults.length === 0 },
    {
      condition: 'a full queue refuses at once',
      found: `${tally.refusals('queue-full')} × 503 queue-full`,
      holds: tally.refusals('queue-full') > 0,
    },
    {
      condition: `nothing hangs: an answer within EXPLAIN_TIMEOUT_MS (${TIMEOUT_MS} ms)`,
      found: `the slowest took ${Math.round(slowestRequest(tally))} ms`,
      holds: slowestRequest(tally) < TIMEOUT_MS + SLACK_MS,
    },
    { condition: 'a frozen worker is replaced', found: `${replaced} replaced`, holds: replaced > 0 },
    {
      condition: 'no job is lost',
      found: `${jobCounts.right} of ${jobCounts.asked} with the right result`,
      holds: jobCounts.right > 0 && jobCounts.wrong + jobCounts.lost === 0,
    },
    {
      condition: 'ready and right afterwards',
      found: `${ready.status}, ${calm.sum('right')} of ${questions.length} right`,
      holds: ready.status === 200 && calm.sum('right') === questions.length,
    },
    {
      condition: 'one process of each kind',
      found: kinds.join(', '),
      holds: kinds.join() === 'explain,ingest,jobs',
    },
    {
      condition: 'memory (PSS of all processes) is back to within 10 %',
      found: `${inWords(before)} before, ${inWords(after)} after`,
      holds: after.all <= GROWTH * before.all,
    },
    { condition: 'no error is logged', found: `${errors.length} errors`, holds: errors.length === 0 },
    {
      condition: 'SIGTERM ends all processes',
      found: `status ${code}, ${left.length} left`,
      holds: code === 0 && left.length === 0,
    },
  ];
}

/** Jobs take as long as they take. */
function slowestRequest(tally: Tally): number {
  const requests = [...tally.kinds].filter(([kind]) => kind !== PROTOTYPE);
  return Math.max(...requests.map(([, { slowestMs }]) => slowestMs));
}

/**
 * The memory after traffic of every kind, with idle connections and clients that vanish, and a pause. The workers are new
 * ones each time: how much one holds depends on when it was killed last.
 */
async function warmMemory(service: BuiltService, questions: readonly Question[], known: Known): Promise<Memory> {
  for (const { pid } of await service.workers()) signal(pid, 'SIGKILL');
  const tally = new Tally();
  const over = AbortSignal.timeout(WARM_MS);
  const load = { url: service.url, questions, known, tally, clients: 16, seed: 2 };
  await Promise.all([
    traffic(load, over),
    jobs(load, over),
    fillQueue(service.url, tally),
    stayIdle(service.url, over),
    vanish(service.url, over),
  ]);
  await delay(PAUSE_MS);
  return service.memory();
}

function inWords({ all, main }: Memory): string {
  return `${all.toFixed(0)} MiB (HTTP process ${main.toFixed(0)} MiB)`;
}

/** Workers that are replaced again and again, because they use more memory than they may. */
async function cramped(questions: readonly Question[], known: Known): Promise<Condition[]> {
  const service = await startBuilt({ ...SERVICE, WORKER_MEMORY_BYTES: String(CRAMPED_BYTES) });
  const tally = new Tally();
  const over = AbortSignal.timeout(CRAMPED_MS);
  const load = { url: service.url, questions, known, tally, clients: 4, seed: 3 };
  await Promise.all([traffic(load, over), jobs(load, over)]);
  const { left } = await service.stop();
  const recycled = service.log.filter(({ msg }) => msg === 'a worker uses too much memory').length;
  process.stdout.write(`\nworkers over their limit of memory, all the time:\n${tableOf(tally)}\n`);
  for (const fault of tally.faults.slice(0, 20)) process.stdout.write(`  fault: ${fault}\n`);
  return [
    {
      condition: 'workers that use too much memory are replaced, and nobody notices',
      found: `${recycled} replaced, ${tally.sum('right')} of ${tally.sum('asked')} right`,
      holds: recycled >= 4 && tally.sum('right') === tally.sum('asked'),
    },
    { condition: 'none of them is left', found: `${left.length} left`, holds: left.length === 0 },
  ];
}
