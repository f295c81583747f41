import type { FromJob, ToJob } from './jobProcess.ts';
import { plainError } from './workerStart.ts';

/** What a job's code can do beside returning its result. */
export interface JobTools<Report> {
  /** Aborted when the job was cancelled: to be looked at before every run of a graph. */
  readonly signal: AbortSignal;
  report(report: Report): void;
}

/** In the child process of a `JobProcess`: runs the jobs that it is sent, one at a time. */
export function serveJobs<Task, Report, Result>(work: (task: Task, tools: JobTools<Report>) => Promise<Result>): void {
  let current = new AbortController();
  // That the parent has gone is told by 'disconnect', which ends this process.
  const send = (message: FromJob<Report, Result>) => process.send?.(message, undefined, undefined, () => undefined);
  const run = async (task: Task) => {
    current = new AbortController();
    const { signal } = current;
    try {
      send({
        kind: 'done',
        result: await work(task, { signal, report: (report) => send({ kind: 'report', report }) }),
      });
    } catch (error) {
      send({ kind: 'failed', error: plainError(error) });
    }
  };
  process.on('message', (message: ToJob<Task>) => {
    if (message.kind === 'cancel') current.abort();
    else void run(message.task);
  });
}
