import { setTimeout as delay } from 'node:timers/promises';
import type { BuiltService } from '../builtService.ts';
import { ask } from '../http.ts';
import { CHANGING } from '../questions.ts';

/** Between two changes of the folder of models. */
const EVERY_MS = 1500;

/** Between two questions whether a model is loaded. */
const LOOK_MS = 100;

/** Waits until version 2 is loaded: of a model that never was, nothing is left when its files are gone. */
async function loaded({ url }: BuiltService, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { status } = await ask(url, { path: `/models/${CHANGING}?version=2` });
    if (status === 200) return;
    await delay(LOOK_MS);
  }
}

/** Puts another version of a model beside the first and takes it away; the service is told by turns by HTTP and by SIGHUP. */
export async function reloadModels(
  service: BuiltService,
  signal: AbortSignal,
): Promise<{ http: number; sighup: number }> {
  const told = { http: 0, sighup: 0 };
  for (let turn = 0; ; turn += 1) {
    await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return told;
    const present = turn % 2 === 0;
    if (!present) await loaded(service, signal);
    await service.change(present);
    if (turn % 4 < 2) {
      const { status, body } = await ask(service.url, { method: 'POST', path: '/admin/models/reload' });
      if (status !== 200) throw new Error(`POST /admin/models/reload answered ${status} ${body}`);
      told.http += 1;
    } else {
      process.kill(service.pid, 'SIGHUP');
      told.sighup += 1;
    }
  }
}
