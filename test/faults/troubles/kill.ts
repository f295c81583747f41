import { setTimeout as delay } from 'node:timers/promises';
import type { BuiltService } from '../builtService.ts';
import { signal, type WorkerKind } from '../processes.ts';

const KINDS: readonly WorkerKind[] = ['explain', 'ingest', 'jobs'];

/** Between two kills. */
const EVERY_MS = 3000;

/** kill -9 of a worker every few seconds, of each kind in turn; those that are frozen are left to others. */
export async function killWorkers(
  service: BuiltService,
  frozen: ReadonlySet<number>,
  over: AbortSignal,
): Promise<Record<WorkerKind, number>> {
  const killed = { explain: 0, ingest: 0, jobs: 0 };
  for (let turn = 0; ; turn += 1) {
    await delay(EVERY_MS, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return killed;
    const workers = (await service.workers()).filter(({ pid }) => !frozen.has(pid));
    const kinds = KINDS.map((_, i) => KINDS[(turn + i) % KINDS.length]);
    const victim = kinds.flatMap((kind) => workers.find((worker) => worker.kind === kind) ?? [])[0];
    if (victim === undefined) continue;
    if (signal(victim.pid, 'SIGKILL')) killed[victim.kind] += 1;
  }
}
