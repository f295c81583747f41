import { setTimeout as delay } from 'node:timers/promises';
import type { BuiltService } from './builtService.ts';
import { type CannonLoad, fireCannon } from './cannon.ts';
import { ask } from './http.ts';
import type { Question } from './questions.ts';
import { Tally } from './tally.ts';
import { jobs, type Known, traffic } from './traffic.ts';
import { type Frozen, freezeForAWhile, freezeForGood } from './troubles/freeze.ts';
import { stayIdle } from './troubles/idle.ts';
import { killWorkers } from './troubles/kill.ts';
import { fillQueue } from './troubles/queue.ts';
import { reloadModels } from './troubles/reload.ts';
import { vanish } from './troubles/vanish.ts';

/** Clients that ask at the same time, beside those of autocannon: the cores are always busy. */
const CLIENTS = 12;
const JOB_CLIENTS = 2;

/** Longest that a worker may stand still for good before it is replaced. */
const FROZEN_MS = 20_000;

export interface StormOptions {
  readonly service: BuiltService;
  readonly questions: readonly Question[];
  readonly known: Known;
  readonly seconds: number;
}

export interface Storm {
  readonly tally: Tally;
  readonly cannon: CannonLoad;
  /** What was done to the service, in words. */
  readonly troubles: readonly string[];
  readonly frozen: readonly Frozen[];
}

/** Mixed traffic at the capacity of the service, and all troubles at the same time. */
export async function storm({ service, questions, known, seconds }: StormOptions): Promise<Storm> {
  const tally = new Tally();
  const { url } = service;
  const [first] = questions;
  if (first === undefined) throw new RangeError('no questions');
  const over = AbortSignal.timeout(seconds * 1000);
  const frozen = new Set<number>();
  const load = { url, questions, known, tally, clients: CLIENTS, seed: 1 };
  const [killed, freezes, , vanished, idle, told, cannon] = await Promise.all([
    killWorkers(service, frozen, over),
    freeze(service, seconds, frozen),
    fillTwice(url, seconds, tally),
    vanish(url, over),
    stayIdle(url, over),
    reloadModels(service, over),
    fireCannon(url, first, seconds),
    traffic(load, over),
    ...Array.from({ length: JOB_CLIENTS }, () => jobs(load, over)),
  ]);
  await service.change(false);
  await ask(url, { method: 'POST', path: '/admin/models/reload' });
  const replaced = freezes.filter(({ replacedAfterMs }) => replacedAfterMs !== null);
  return {
    ...{ tally, cannon, frozen: freezes },
    troubles: [
      `kill -9: ${killed.explain} × explain, ${killed.ingest} × ingest, ${killed.jobs} × jobs`,
      `SIGSTOP and SIGCONT after 5 s: ${freezes.length - replaced.length}`,
      `SIGSTOP for good: ${replaced.map(({ kind, replacedAfterMs }) => `${kind}, replaced after ${Math.round(replacedAfterMs ?? 0)} ms`).join('; ') || 0}`,
      `clients that vanished: ${vanished.midUpload} while sending, ${vanished.whileWaiting} while waiting, ${vanished.midAnswer} while reading`,
      `idle connections: ${idle.most} at a time, ${idle.opened} in all`,
      `models read again: ${told.http} × POST /admin/models/reload, ${told.sighup} × SIGHUP`,
    ],
  };
}

/** One worker stands still for 5 s and goes on; later others for good, as many as the time allows. */
async function freeze(service: BuiltService, seconds: number, frozen: Set<number>): Promise<Frozen[]> {
  const started = performance.now();
  const at = (share: number) => delay(Math.max(0, seconds * 1000 * share - (performance.now() - started)));
  await at(0.1);
  const freezes = [...(await freezeForAWhile(service, 'explain', frozen))];
  await at(0.45);
  freezes.push(...(await freezeForGood(service, 'explain', frozen, FROZEN_MS)));
  if (seconds < 60) return freezes;
  await at(0.65);
  freezes.push(...(await freezeForGood(service, 'ingest', frozen, FROZEN_MS)));
  await at(0.8);
  freezes.push(...(await freezeForGood(service, 'jobs', frozen, FROZEN_MS)));
  return freezes;
}

async function fillTwice(url: string, seconds: number, tally: Tally): Promise<void> {
  await delay(seconds * 1000 * 0.35);
  await fillQueue(url, tally);
  await delay(seconds * 1000 * 0.3);
  await fillQueue(url, tally);
}
