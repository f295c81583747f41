import { ELUCID_FAULTS, ElucidError } from '../../schemas/errors.ts';

/** The environment variable that carries a worker's setup. */
export const WORKER_SETUP = 'ELUCID_WORKER_SETUP';

/** What a worker needs of the environment; the rest, secrets included, stays in the main process. */
const PASSED_ON = /^(PATH|HOME|TMPDIR|TZ|LANG|LD_LIBRARY_PATH|LD_PRELOAD|(CUDA|NVIDIA|TF|ORT|OMP|MALLOC)_.*)$/;

/** The environment of a worker process. @param setup plain data, read there by `workerSetup` */
export function workerEnvironment(setup: unknown): Record<string, string> {
  const passedOn = Object.entries(process.env).filter(
    (entry): entry is [string, string] => PASSED_ON.test(entry[0]) && entry[1] !== undefined,
  );
  return { ...Object.fromEntries(passedOn), [WORKER_SETUP]: JSON.stringify(setup) };
}

/** Arguments for Node: sources need the loader of TypeScript. */
export function workerArguments(module: URL): string[] {
  return module.pathname.endsWith('.ts') ? ['--import', 'tsx'] : [];
}

/** An error as plain data, for the way between processes. */
export function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  return { ...error, name: error.name, message: error.message, stack: error.stack };
}

/** An error that came out of another process as plain data. */
export function revivedError(thrown: unknown): Error {
  const faults = ELUCID_FAULTS.safeParse(thrown);
  if (faults.success) return new ElucidError(faults.data.code, faults.data.message, faults.data.faults);
  const { name, message, stack } = thrown as { name?: string; message?: string; stack?: string };
  const error = new Error(message ?? String(thrown));
  if (name !== undefined) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
