import { WORKER_SETUP } from './workerStart.ts';

/** The setup that the pool gave this worker process. Also makes the process end with its parent, and only then. */
export function workerSetup<Setup>(): Setup {
  process.once('disconnect', () => process.exit(0));
  // Ctrl-C reaches all processes of a terminal; the parent still ends running requests and then stops its workers.
  process.on('SIGINT', () => undefined);
  const text = process.env[WORKER_SETUP];
  if (text === undefined) throw new Error(`${WORKER_SETUP} is not set: a worker is started by its pool`);
  return JSON.parse(text) as Setup;
}

/** The URL of a worker's module beside this one, as source or compiled. */
export function workerModule(name: string): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./${name}.${extension}`, import.meta.url);
}
