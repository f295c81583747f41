import { setTimeout as delay } from 'node:timers/promises';
import type { BuiltService } from '../builtService.ts';
import { signal, type WorkerKind } from '../processes.ts';

/** How long a worker stands still before it goes on. */
export const FREEZE_MS = 5000;

/** Between two looks whether a frozen worker is there. */
const LOOK_MS = 100;

export interface Frozen {
  readonly kind: WorkerKind;
  /** null: it went on after FREEZE_MS. */
  readonly replacedAfterMs: number | null;
}

/** Stops a worker, as soon as there is one of the kind. @returns its process id */
async function stop(service: BuiltService, kind: WorkerKind, frozen: Set<number>): Promise<number> {
  for (;;) {
    const worker = (await service.workers()).find((one) => one.kind === kind);
    if (worker !== undefined && signal(worker.pid, 'SIGSTOP')) {
      frozen.add(worker.pid);
      return worker.pid;
    }
    await delay(LOOK_MS);
  }
}

/** SIGSTOP of a worker, and SIGCONT after 5 s. */
export async function freezeForAWhile(
  service: BuiltService,
  kind: WorkerKind,
  frozen: Set<number>,
): Promise<readonly Frozen[]> {
  const pid = await stop(service, kind, frozen);
  await delay(FREEZE_MS);
  signal(pid, 'SIGCONT');
  frozen.delete(pid);
  return [{ kind, replacedAfterMs: null }];
}

/** SIGSTOP of a worker for good. @throws Error when it is still there after `patienceMs` */
export async function freezeForGood(
  service: BuiltService,
  kind: WorkerKind,
  frozen: Set<number>,
  patienceMs: number,
): Promise<readonly Frozen[]> {
  const pid = await stop(service, kind, frozen);
  const started = performance.now();
  while ((await service.workers()).some((one) => one.pid === pid)) {
    if (performance.now() - started > patienceMs) {
      throw new Error(`a frozen worker (${kind}) was not replaced within ${patienceMs} ms`);
    }
    await delay(LOOK_MS);
  }
  frozen.delete(pid);
  return [{ kind, replacedAfterMs: performance.now() - started }];
}
